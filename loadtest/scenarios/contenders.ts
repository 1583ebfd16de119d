/** Starts all who take part in a comparison, stops all of them whatever happens, and says who is missing and why. */
import type { Shot } from '../measure/drive.ts'
import { startBareHttp } from '../targets/bare-http.ts'
import { startNginx } from '../targets/nginx.ts'
import { readPeers, startPeer } from '../targets/peers.ts'
import { startRelay } from '../targets/relay.ts'
import { recordAnswer } from '../targets/target.ts'
import type { Answer, Target } from '../targets/target.ts'
import type { Session } from './scenario.ts'

export interface Field {
  readonly document: string
  readonly path: string
  /** Makes the requests, once there is a relay that can be asked for ETags. */
  readonly shots: (url: string) => Promise<readonly Shot[]>
}

export interface Contest {
  /** The relay first. */
  readonly targets: readonly Target[]
  readonly shots: readonly Shot[]
  readonly answer: Answer
  readonly notes: readonly string[]
}

export async function withContenders<T>(
  session: Session,
  field: Field,
  run: (contest: Contest) => Promise<T>,
): Promise<T> {
  const { pinning, options, say } = session
  const { document, path } = field
  const targets: Target[] = []
  const notes: string[] = []
  const enter = async (name: string, start: () => Promise<Target>): Promise<void> => {
    say(`starting ${name}`)
    try {
      targets.push(await start())
    } catch (error) {
      notes.push(`${name} did not take part: ${error instanceof Error ? error.message : String(error)}`)
      say(notes.at(-1) ?? '')
    }
  }
  try {
    say('starting relay')
    const relay = await startRelay({ pinning, document, path })
    targets.push(relay)
    const shots = await field.shots(relay.url + path)
    const [first] = shots
    if (first === undefined) throw new Error('no requests to send')
    const answer = await recordAnswer(relay.url + path, first)
    notes.push(`${answer.body.length} bytes of body, status ${answer.status}`)
    await enter('nginx constant', () => startNginx(answer, path, pinning))
    await enter('node:http constant', () => startBareHttp(answer, path, pinning))
    const peers = options.peers ? readPeers().filter(({ scenarios }) => scenarios.includes(options.scenario)) : []
    for (const peer of peers) await enter(peer.name, () => startPeer(peer, shots, document, pinning))
    return await run({ targets, shots, answer, notes })
  } finally {
    for (const target of targets) await target.stop()
  }
}
