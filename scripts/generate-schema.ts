// Writes hpc-runners.schema.json, which editors check hpc-runners.yml by: `npx tsx scripts/generate-schema.ts`.
import { writeFileSync } from "node:fs";
import { configurationJsonSchema } from "../src/config/schema.ts";

const file = new URL("../hpc-runners.schema.json", import.meta.url);
writeFileSync(file, `${JSON.stringify(configurationJsonSchema(), null, 2)}\n`);
