# The relay as an image: one bundle of a few files, no other packages, no root, one writable folder (/data).
# relay/build/dockerfile.test.ts runs these very steps in an empty folder and starts the result.

FROM node:26-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
COPY relay/package.json relay/package.json
COPY relay/engine/package.json relay/engine/package.json
COPY providers/server/package.json providers/server/package.json
COPY providers/web/package.json providers/web/package.json
RUN npm ci
COPY . .
RUN npm run build

FROM node:26-bookworm-slim
ENV NODE_ENV=production HALYARD_LISTEN_HOST=0.0.0.0 HALYARD_STORE_DISK=/data
WORKDIR /app
COPY --from=build /src/dist/image ./
RUN install -d -o 65532 -g 65532 /data
USER 65532:65532
VOLUME /data
EXPOSE 8080 8081
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s CMD ["node", "relay/main.js", "health"]
# The young generation would grow to 64 MB although next to nothing survives it. See decision 0009.
ENTRYPOINT ["node", "--max-semi-space-size=2", "relay/main.js"]
CMD ["serve", "--config", "config/relay.yaml"]
