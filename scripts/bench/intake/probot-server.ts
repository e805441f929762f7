/** Probot's own server with one subscriber that does nothing. `WEBHOOK_SECRET` and `PRIVATE_KEY` in the environment. */
import { pino } from "pino";
import { Probot, Server } from "probot";

const { WEBHOOK_SECRET = "", PRIVATE_KEY = "", PORT } = process.env;
// As our own: a level of info, synchronously, as JSON.
const log = pino({ level: "info" });
const server = new Server({
  Probot: Probot.defaults({ appId: 1, privateKey: PRIVATE_KEY, secret: WEBHOOK_SECRET, log }),
  log,
  host: "127.0.0.1",
  port: Number(PORT),
});
await server.load((app) => {
  app.on("workflow_job", () => undefined);
});
await server.start();
