// A server of npm's ws for mote's client: `node npm_ws_server.js [CERTIFICATE KEY]` prints "listening on URL". It
// echoes in fragments, and the path says what else happens:
//
//     /deflate /takeover /windows   it has permessage-deflate, with these terms
//     /close/CODE/REASON            it closes
//     /terminate                    it drops the connection
//     /ping/PAYLOAD                 it pings
//     /command/TEXT                 it sends the text
//
// A line on standard output tells of the extensions, of pongs, and of each end: "closed CODE REASON".
'use strict';

const {readFileSync} = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const {WebSocketServer} = require('ws');

const [certificate, key] = process.argv.slice(2);
const server = certificate ? https.createServer({cert: readFileSync(certificate), key: readFileSync(key)})
                           : http.createServer();

const deflate = {
  deflate: {threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true},
  takeover: {threshold: 0},
  windows: {threshold: 0, serverMaxWindowBits: 9, clientMaxWindowBits: 9},
};
const kFragment = 1000;

const parts = request => request.url.split('/').slice(1).map(decodeURIComponent);

function echo(socket, data, binary) {
  for (; data.length > kFragment; data = data.subarray(kFragment)) {
    socket.send(data.subarray(0, kFragment), {binary, fin: false});
  }
  socket.send(data, {binary, fin: true});
}

function talk(socket, request) {
  const [what, ...words] = parts(request);
  console.log(`extensions ${request.extensions}`);
  socket.on('pong', data => console.log(`pong ${data}`));
  socket.on('close', (code, reason) => console.log(`closed ${code} ${reason}`));
  socket.on('message', (data, isBinary) => echo(socket, data, isBinary));
  if (what === 'close') socket.close(Number(words[0]), words[1]);
  if (what === 'terminate') socket.terminate();
  if (what === 'ping') socket.ping(words[0]);
  if (what === 'command') socket.send(words[0]);
}

const servers = new Map();
function serverFor(what) {
  if (!servers.has(what)) {
    const made = new WebSocketServer({noServer: true, perMessageDeflate: deflate[what] ?? false});
    made.on('connection', talk);
    made.on('headers', (headers, request) => {
      const found = headers.find(line => line.startsWith('Sec-WebSocket-Extensions:'));
      request.extensions = found ? found.slice(found.indexOf(' ') + 1) : '';
    });
    servers.set(what, made);
  }
  return servers.get(what);
}

server.on('upgrade', (request, socket, head) => {
  const chosen = serverFor(parts(request)[0]);
  chosen.handleUpgrade(request, socket, head, client => chosen.emit('connection', client, request));
});
process.on('SIGTERM', () => process.exit());
server.listen(0, '127.0.0.1', () => {
  console.log(`listening on ${certificate ? 'wss' : 'ws'}://127.0.0.1:${server.address().port}`);
});
