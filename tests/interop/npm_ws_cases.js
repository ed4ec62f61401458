// npm's ws against mote: `node npm_ws_cases.js ECHO_URL INTEROP_URL DEFLATE_URL TAKEOVER_URL PATIENCE_MS` prints a line
// of JSON for each case, {"name", "error"}, and last {"cases": how many}. ws offers permessage-deflate by itself; the
// first two servers decline it.
'use strict';

const assert = require('node:assert/strict');
const {randomBytes} = require('node:crypto');
const {once} = require('node:events');
const {readFileSync} = require('node:fs');
const {rootCertificates} = require('node:tls');
const WebSocket = require('ws');

const [echoUrl, interopUrl, deflateUrl, takeoverUrl, patience] = process.argv.slice(2);
const cases = [];
const test = (name, run) => cases.push({name, run});

/** An open client; what arrives is kept for `next`. */
async function open(url, protocols = [], options = {}, extensions = '') {
  const client = new WebSocket(url, protocols, options);
  client.arrived = [];
  client.on('message', (data, isBinary) => {
    client.arrived.push(isBinary ? data : data.toString());
    client.emit('arrived');
  });
  client.closed = new Promise(resolve => client.on('close', (code, reason) => resolve([code, reason.toString()])));
  client.on('upgrade', response => { client.response = response; });
  await once(client, 'open');
  assert.equal(client.response.headers['sec-websocket-extensions'] ?? '', extensions);
  return client;
}

async function next(client) {
  while (client.arrived.length === 0) await once(client, 'arrived');
  return client.arrived.shift();
}

async function closeNormally(client) {
  client.close(1000);
  assert.deepEqual(await client.closed, [1000, '']);
}

async function info(client) {
  client.send('info');
  return (await next(client)).split('\n');
}

/** [status, headers, body] of a refusal. */
function refusal(url, options = {}) {
  return new Promise((resolve, reject) => {
    const client = new WebSocket(url, [], options);
    client.on('open', () => reject(new Error('was accepted')));
    client.on('error', reject);
    client.on('unexpected-response', async (_, response) => {
      let body = '';
      for await (const piece of response) body += piece;
      resolve([response.statusCode, response.headers, body.trimEnd()]);
    });
  });
}

for (const [name, message] of [
  ['short text', 'hello'],
  ['text beyond ASCII', 'grüße, 世界 🌍 \u0000'],
  ['empty text', ''],
  ['empty binary', Buffer.alloc(0)],
  ['short binary', Buffer.from([0, 255, 128])],
  ['text of 1 MiB', 'x'.repeat(1024 * 1024)],
  ['binary of 1 MiB', Buffer.alloc(1024 * 1024, 'mote')],
]) {
  test(`echoes ${name}`, async () => {
    const client = await open(echoUrl);
    client.send(message);
    assert.deepEqual(await next(client), message);
    await closeNormally(client);
  });
}

const neither = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover';
for (const [name, url, offer, answer] of [
  ['without context takeover', deflateUrl, {}, neither],
  ['without context takeover, in a small window', deflateUrl, {serverMaxWindowBits: 9},
    `${neither}; server_max_window_bits=9`],
  ['with context takeover', takeoverUrl, {}, 'permessage-deflate'],
  ['with the context of the client alone', takeoverUrl, {serverNoContextTakeover: true},
    'permessage-deflate; server_no_context_takeover'],
  ['with the context of the server alone', takeoverUrl, {clientNoContextTakeover: true},
    'permessage-deflate; client_no_context_takeover'],
  ['with context takeover, in small windows', takeoverUrl, {serverMaxWindowBits: 10, clientMaxWindowBits: 10},
    'permessage-deflate; server_max_window_bits=10; client_max_window_bits=10'],
]) {
  test(`echoes compressed messages ${name}`, async () => {
    const client = await open(url, [], {perMessageDeflate: {threshold: 0, ...offer}}, answer);
    const noise = randomBytes(300_000);
    for (const message of ['hello', '', 'hello', Buffer.alloc(0), 'x'.repeat(100_000), noise, 'ü'.repeat(300_000), noise]) {
      client.send(message);
      assert.deepEqual(await next(client), message);
    }
    client.send('fragments ', {fin: false});
    client.send('', {fin: false});
    client.send('x'.repeat(1000), {fin: true});
    assert.equal(await next(client), `fragments ${'x'.repeat(1000)}`);
    await closeNormally(client);
  });
}

test('joins fragments, with a ping between them', async () => {
  const client = await open(echoUrl);
  client.send('one ', {fin: false});
  client.send('', {fin: false});
  client.ping('inside');
  client.send('two', {fin: true});
  const [[payload], message] = await Promise.all([once(client, 'pong'), next(client)]);
  assert.equal(payload.toString(), 'inside');
  assert.equal(message, 'one two');
  client.send(Buffer.from([1]), {fin: false, binary: true});
  client.send(Buffer.from([2]), {fin: true});
  assert.deepEqual(await next(client), Buffer.from([1, 2]));
  await closeNormally(client);
});

test('keeps the order of pipelined messages', async () => {
  const client = await open(echoUrl);
  for (let i = 0; i < 5000; ++i) client.send(`message ${i}`);
  for (let i = 0; i < 5000; ++i) assert.equal(await next(client), `message ${i}`);
  await closeNormally(client);
});

test('answers a ping with its payload', async () => {
  const client = await open(interopUrl);
  for (const payload of ['', 'payload', 'p'.repeat(125)]) {
    client.ping(payload);
    const [data] = await once(client, 'pong');
    assert.equal(data.toString(), payload);
  }
  await closeNormally(client);
});

test('pings, and takes the pong', async () => {
  const client = await open(interopUrl);
  client.send('ping from mote to ws');  // the pong is a line of the server's output
  const [data] = await once(client, 'ping');
  assert.equal(data.toString(), 'from mote to ws');
  client.send('still here');
  assert.equal(await next(client), 'still here');
  await closeNormally(client);
});

for (const [code, reason] of [[1000, ''], [3000, 'grüße'], [4999, 'r'.repeat(123)]]) {
  test(`answers the close ${code} of the client`, async () => {
    const client = await open(interopUrl);
    client.close(code, reason);
    assert.equal((await client.closed)[0], code);
  });
  test(`closes with ${code} itself`, async () => {
    const client = await open(interopUrl);
    client.send(`close ${code} ${reason}`);
    assert.deepEqual(await client.closed, [code, reason]);
  });
}

test('answers a close without a code', async () => {
  const client = await open(interopUrl);
  client.close();
  assert.deepEqual(await client.closed, [1005, '']);
});

test('closes with 1011 after an exception', async () => {
  const client = await open(interopUrl);
  client.send('throw');
  assert.deepEqual(await client.closed, [1011, '']);
});

test('aborts without a Close frame', async () => {
  const client = await open(interopUrl);
  client.send('abort');
  assert.deepEqual(await client.closed, [1006, '']);
});

test('sees path, headers and cookies, and sends its own', async () => {
  const headers = {Cookie: 'session=abc; theme=dark', 'X-Test': 'yes'};
  const client = await open(interopUrl + '/room/7?x=1', [], {headers, origin: 'https://example.org'});
  const lines = await info(client);
  for (const line of ['path /room/7?x=1', `host ${new URL(interopUrl).host}`, 'origin https://example.org',
                      'cookie session=abc', 'cookie theme=dark', 'header X-Test: yes']) {
    assert.ok(lines.includes(line), `${line} is not in ${lines}`);
  }
  assert.deepEqual(client.response.headers['set-cookie'], ['seen=yes; Path=/']);
  assert.equal(client.response.headers['x-server'], 'mote');
  await closeNormally(client);
});

for (const [offered, chosen] of [[['chat.v1', 'chat.v2'], 'chat.v1'], [['other', 'chat.v2'], 'chat.v2'], [[], '']]) {
  test(`chooses of the subprotocols [${offered}] "${chosen}"`, async () => {
    const client = await open(interopUrl, offered);
    assert.equal(client.protocol, chosen);
    assert.ok((await info(client)).includes(`subprotocol ${chosen}`));
    await closeNormally(client);
  });
}

test('refuses with status and body what the program refuses', async () => {
  const [status, headers, body] = await refusal(interopUrl + '/forbidden');
  assert.deepEqual([status, body], [403, 'not here']);
  assert.equal(headers['x-server'], undefined);
});

test('refuses another version with 426', async () => {
  const [status, headers, body] = await refusal(echoUrl, {protocolVersion: 8});
  assert.deepEqual([status, body], [426, 'Only version 13 of the WebSocket protocol is spoken here.']);
  assert.equal(headers['sec-websocket-version'], '13');
});

test('refuses too large a head with 431', async () => {
  const [status] = await refusal(echoUrl, {headers: {'X-Long': 'x'.repeat(9000)}});
  assert.equal(status, 431);
});

test('serves a hundred clients at once', async () => {
  const clients = await Promise.all(Array.from({length: 100}, () => open(echoUrl)));
  clients.forEach((client, number) => client.send(`client ${number}`));
  const answers = await Promise.all(clients.map(next));
  answers.forEach((answer, number) => assert.equal(answer, `client ${number}`));
  await Promise.all(clients.map(closeNormally));
});

if (new URL(interopUrl).protocol === 'wss:') {
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    test(`speaks ${version} with who asks for it`, async () => {
      const client = await open(interopUrl, [], {minVersion: version, maxVersion: version});
      assert.ok((await info(client)).includes(`tls ${version}`));
      await closeNormally(client);
    });
  }

  test('is trusted by its root alone', async () => {
    const root = readFileSync(process.env.NODE_EXTRA_CA_CERTS);
    await closeNormally(await open(interopUrl, [], {ca: root}));
    await assert.rejects(open(interopUrl, [], {ca: rootCertificates[0]}),
      {code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'});
  });

  test('is for its names alone', async () => {
    const client = await open(interopUrl, [], {servername: 'test.example'});
    assert.ok((await info(client)).includes('server name test.example'));
    await closeNormally(client);
    await assert.rejects(open(interopUrl, [], {servername: 'other.example'}), {code: 'ERR_TLS_CERT_ALTNAME_INVALID'});
  });
}

(async () => {
  for (const {name, run} of cases) {
    let timer;
    const late = new Promise((_, reject) => { timer = setTimeout(reject, patience, new Error('took too long')); });
    const error = await Promise.race([run(), late]).then(() => null, fault => String(fault.stack));
    clearTimeout(timer);
    console.log(JSON.stringify({name, error}));
  }
  console.log(JSON.stringify({cases: cases.length}));
  process.exit();  // what a failed case left open must not hold the process
})();
