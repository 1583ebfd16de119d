/**
 * Requests whose end or addressee two parsers could see differently, each followed by a request that must never be
 * seen. None of them is valid, so none may have any effect at all.
 */

const NEXT = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n'
const LINE = 'POST /seen HTTP/1.1\r\n'
const HOST = 'Host: a\r\n'
/** A body for which the chunked reading ends before the smuggled request, and a length of 5 too. */
const CHUNKS = '0\r\n\r\n'

function vectors(name: string, spellings: readonly string[], build: (spelling: string) => string): [string, string][] {
  return spellings.map((spelling) => [`${name}: ${JSON.stringify(spelling)}`, build(spelling)])
}

const CODINGS = [
  'xchunked',
  'chunkedx',
  'identity',
  'gzip',
  'gzip, chunked',
  'chunked, gzip',
  'chunked, identity',
  'chunked, chunked',
  'chunked;q=1',
  '"chunked"',
  "'chunked'",
  'chunked,',
  ',chunked',
  'chun\tked',
  '\vchunked',
  'chunked\v',
  '\u00a0chunked',
  'chunked\u0000',
  '',
  'cow',
  'identity, chunked, identity',
  '\r\n chunked',
  'x\r\n\tchunked',
]
const LENGTHS = [
  '+5',
  '-5',
  '0x5',
  '5 5',
  '5,5',
  '5, 6',
  '5e0',
  '5.0',
  '',
  ' ',
  '5;',
  '"5"',
  '\v5',
  '5\v',
  '99999999999999999999',
  '18446744073709551621',
  'five',
  '5\u0000',
  '٥',
  '_5',
  '5_0',
]
const HEADERS = [
  'Transfer-Encoding : chunked',
  'Transfer-Encoding\t: chunked',
  ' Transfer-Encoding: chunked',
  '\tTransfer-Encoding: chunked',
  'Transfer-Encoding chunked',
  'Transfer Encoding: chunked',
  'Content-Length : 5',
  'Content-Length\t: 5',
  'Content Length: 5',
  'Content-Length\u0000: 5',
  'X: a\rContent-Length: 5',
  'X: a\nContent-Length: 5',
  'X: a\r\rContent-Length: 5',
  'X: \u0000',
  'X: a\u0007b',
  'X: \u007f',
  ': empty',
  'no colon at all',
  'X\u0080: a',
  'X(Y): a',
  'X{Y}: a',
  'X\rY: a',
]
const SIZES = [
  '0x5',
  '-5',
  '+5',
  'G',
  '',
  ' 5',
  '5 ',
  '5\t',
  '\t5',
  '5;\u0000',
  '5\n',
  '5\r',
  'FFFFFFFFFFFFFFFFF',
  '10000000000000005',
  '5 5',
  '5_',
  '5\v',
]
const FIRST_LINES = [
  'POST\t/seen HTTP/1.1',
  'POST /seen\tHTTP/1.1',
  'POST /seen HTTP/1.1 ',
  'POST /seen  HTTP/1.1x',
  'POST /seen HTTP/1.2',
  'POST /seen HTTP/2.0',
  'POST /seen HTTP/0.9',
  'POST /seen HTTP/11',
  'POST /seen HTTP/1.1.1',
  'POST /seen http/1.1',
  'POST /seen HTTPS/1.1',
  'POST /seen ICE/1.0',
  'POST /seen',
  'POST /se\u0000en HTTP/1.1',
  'POST /se\ren HTTP/1.1',
  'POST /se\u007fen HTTP/1.1',
  'POST HTTP/1.1',
  'post /seen HTTP/1.1',
  'PO ST /seen HTTP/1.1',
  'PO\u0000ST /seen HTTP/1.1',
  'SMUGGLE /seen HTTP/1.1',
  ' POST /seen HTTP/1.1',
  'POST http://a/seen HTTP/1.1',
  'POST HTTP://a/seen HTTP/1.1',
  'POST https://evil/seen HTTP/1.1',
  'POST //[ HTTP/1.1 HTTP/1.1',
  'POST a/seen HTTP/1.1',
  'POST * HTTP/1.1',
  'POST ?seen HTTP/1.1',
  'OPTIONS * HTTP/1.1',
  'PRI * HTTP/2.0',
]
const HOSTS = [
  'Host: a\r\nHost: a\r\n',
  'Host: a\r\nHost: b\r\n',
  'Host: a\r\nhOST: b\r\n',
  '',
  'Host: a b\r\n',
  'Host: a/b\r\n',
  'Host: a@b\r\n',
  'Host: a\\b\r\n',
  'Host: http://a\r\n',
  'Host: a#b\r\n',
  'Host: a?b\r\n',
  'Host: <a>\r\n',
  'Host : a\r\n',
  'Host: a\r\n b\r\n',
]

/** Name and bytes of each vector. */
export const smugglingVectors: readonly (readonly [string, string])[] = [
  ...vectors(
    'transfer coding',
    CODINGS,
    (coding) => `${LINE}${HOST}Transfer-Encoding: ${coding}\r\n\r\n${CHUNKS}${NEXT}`,
  ),
  ...vectors('transfer coding beside a length', ['chunked', ...CODINGS], (coding) => {
    return `${LINE}${HOST}Content-Length: 5\r\nTransfer-Encoding: ${coding}\r\n\r\n${CHUNKS}${NEXT}`
  }),
  ...vectors('two transfer codings', ['chunked', 'identity', 'x'], (coding) => {
    return `${LINE}${HOST}Transfer-Encoding: chunked\r\nTransfer-Encoding: ${coding}\r\n\r\n${CHUNKS}${NEXT}`
  }),
  ...vectors('two transfer codings, the good one last', ['identity', 'x', ''], (coding) => {
    return `${LINE}${HOST}Transfer-Encoding: ${coding}\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKS}${NEXT}`
  }),
  ...vectors('HTTP/1.0 with chunks', ['chunked'], (coding) => {
    return `POST /seen HTTP/1.0\r\n${HOST}Transfer-Encoding: ${coding}\r\n\r\n${CHUNKS}${NEXT}`
  }),
  ...vectors('length', LENGTHS, (length) => `${LINE}${HOST}Content-Length: ${length}\r\n\r\nhello${NEXT}`),
  ...vectors('two lengths', ['5', '6', '0', '05'], (length) => {
    return `${LINE}${HOST}Content-Length: 5\r\nContent-Length: ${length}\r\n\r\nhello${NEXT}`
  }),
  ...vectors('header', HEADERS, (header) => `${LINE}${HOST}${header}\r\n\r\n${CHUNKS}${NEXT}`),
  ...vectors(
    'chunk size',
    SIZES,
    (size) => `${LINE}${HOST}Transfer-Encoding: chunked\r\n\r\n${size}\r\nhello\r\n${CHUNKS}${NEXT}`,
  ),
  ...vectors('end of a chunk', ['', '\n', '\r', 'x\r\n', '\r\r\n', ' \r\n'], (end) => {
    return `${LINE}${HOST}Transfer-Encoding: chunked\r\n\r\n5\r\nhello${end}${CHUNKS}${NEXT}`
  }),
  ...vectors('chunk extension', [`;${'x'.repeat(20_000)}`, ';a=\u0000', ';a="\n"'], (extension) => {
    return `${LINE}${HOST}Transfer-Encoding: chunked\r\n\r\n5${extension}\r\nhello\r\n${CHUNKS}${NEXT}`
  }),
  ...vectors('trailer', ['no colon', ' X: a', 'X : a', 'X: \u0000', 'X\u0000: a'], (trailer) => {
    return `${LINE}${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n${trailer}\r\n\r\n${NEXT}`
  }),
  ...vectors(
    'line ends',
    ['\n', '\r'],
    (end) => `POST /seen HTTP/1.1${end}Host: a${end}Content-Length: 0${end}${end}${NEXT}`,
  ),
  ...vectors('first line', FIRST_LINES, (line) => `${line}\r\n${HOST}Content-Length: 0\r\n\r\n${NEXT}`),
  ...vectors('host', HOSTS, (host) => `${LINE}${host}Content-Length: 0\r\n\r\n${NEXT}`),
  ...vectors(
    'body on',
    ['GET', 'HEAD'],
    (method) => `${method} /seen HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nhello${NEXT}`,
  ),
  ...vectors('chunked body on', ['GET', 'HEAD'], (method) => {
    return `${method} /seen HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n${CHUNKS}${NEXT}`
  }),
  ...vectors('body that is a request on', ['GET', 'HEAD'], (method) => {
    return `${method} /seen HTTP/1.1\r\n${HOST}Content-Length: ${NEXT.length}\r\n\r\n${NEXT}${NEXT}`
  }),
  ...vectors('expectation', ['200-ok', '100-continue, x', '1'], (expectation) => {
    return `${LINE}${HOST}Expect: ${expectation}\r\nContent-Length: ${NEXT.length}\r\n\r\n${NEXT}${NEXT}`
  }),
  ...vectors('tunnel', ['a:443', '/seen'], (target) => `CONNECT ${target} HTTP/1.1\r\n${HOST}\r\n${NEXT}`),
]
