/**
 * The least that receives webhooks: `node:http`, the body, its HMAC, an answer. `WEBHOOK_SECRET` in the environment; with
 * `PARSE` the body is read as JSON too, without which nobody knows what came.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const { WEBHOOK_SECRET: secret = "", PARSE, PORT } = process.env;

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks);
    const signature = `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
    const claimed = String(request.headers["x-hub-signature-256"]);
    const isRight =
      claimed.length === signature.length &&
      timingSafeEqual(Buffer.from(claimed), Buffer.from(signature));
    if (isRight && PARSE !== undefined) JSON.parse(body.toString("utf8"));
    response.writeHead(isRight ? 202 : 401, { "content-length": 3 });
    response.end("ok\n");
  });
});
server.listen(Number(PORT), "127.0.0.1");
