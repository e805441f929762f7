/** The least that receives webhooks: `node:http`, the body, its HMAC, an answer. `WEBHOOK_SECRET` in the environment. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const secret = process.env["WEBHOOK_SECRET"] ?? "";

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const signature = `sha256=${createHmac("sha256", secret).update(Buffer.concat(chunks)).digest("hex")}`;
    const claimed = String(request.headers["x-hub-signature-256"]);
    const isRight =
      claimed.length === signature.length &&
      timingSafeEqual(Buffer.from(claimed), Buffer.from(signature));
    response.writeHead(isRight ? 202 : 401, { "content-length": 3 });
    response.end("ok\n");
  });
});
server.listen(Number(process.env["PORT"]), "127.0.0.1");
