// An echo server on Bun: `bun bun_echo.js PORT`.
'use strict';

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: Number(process.argv[2]),
  fetch: (request, bun) => (bun.upgrade(request) ? undefined : new Response('', {status: 426})),
  websocket: {message: (socket, data) => { socket.send(data); }},
});
console.log(`listening on ws://127.0.0.1:${server.port}, Bun ${Bun.version}`);
