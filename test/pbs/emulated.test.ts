import { startPbsEmulator } from "../../src/emulator/pbs/emulator.ts";
import { describePbs } from "./contract.ts";

describePbs("an emulated PBS", async () => {
  const emulator = await startPbsEmulator({ killDelay: 200 });
  return {
    binDirectory: emulator.binDirectory,
    shared: "tmp",
    close: () => emulator.stop(),
  };
});
