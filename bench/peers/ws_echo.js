// An echo server on npm's ws, with bufferutil and utf-8-validate, which it finds by itself: `node ws_echo.js PORT`.
'use strict';

const {WebSocketServer} = require('ws');

const server = new WebSocketServer({host: '127.0.0.1', port: Number(process.argv[2])});
server.on('connection', socket => {
  socket.on('error', () => {});
  socket.on('message', (data, binary) => socket.send(data, {binary}));
});
server.on('listening', () => {
  const version = `ws ${require('ws/package.json').version}, Node.js ${process.versions.node}`;
  console.log(`listening on ws://127.0.0.1:${server.address().port}, ${version}`);
});
