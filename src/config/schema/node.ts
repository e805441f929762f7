import { z } from "zod";
import { DAY, HOUR, MINUTE, SECOND } from "../../domain/time.ts";
import { cures, directory, duration, ONE_LINE } from "./values.ts";

/** GitHub's runner silently ignores an address without its scheme (facts/sites-and-users.md §4). */
const proxyAddress = () =>
  z
    .url({ protocol: /^https?$/, error: "is no http or https address" })
    .max(1024)
    .regex(ONE_LINE, "must not hold control characters")
    .register(cures, { cure: "write it with its scheme, such as http://proxy.example.org:3128" });

const program = () =>
  directory().register(cures, {
    cure: "write the absolute path of a program that compute nodes see, such as /glade/ci/hooks/start.sh",
  });

const programs = (what: string) =>
  z
    .array(program())
    .max(20)
    .register(cures, { cure: "list absolute paths, such as [/glade/ci/hooks/start.sh]" })
    .optional()
    .describe(what);

/** No defaults here: what a pool leaves out is the file's `node`, and what that leaves out is NodeSettings' default. */
export const node = z
  .strictObject({
    login_shell: z
      .boolean()
      .register(cures, { cure: "write true or false" })
      .optional()
      .describe(
        "Run the allocation in a login shell, whose profile defines module and the like. Default: true.",
      ),
    https_proxy: proxyAddress()
      .optional()
      .describe("Proxy through which runners and jobs reach https addresses. Default: none."),
    http_proxy: proxyAddress().optional().describe("The same for http addresses. Default: none."),
    no_proxy: z
      .array(
        z
          .string()
          .regex(/^[\w.*-]+(?::\d+)?$/, "is no name of a host or domain")
          .register(cures, {
            cure: "write hosts or domains such as .example.org; ranges such as 10.0.0.0/8 are not understood by GitHub's runner",
          }),
      )
      .max(200)
      .register(cures, { cure: "list hosts, such as [localhost, .example.org]" })
      .optional()
      .describe("Hosts and domains that are reached without a proxy. Default: none."),
    ca: directory()
      .optional()
      .describe(
        "File (PEM) of the certificate authorities that runners and jobs trust besides the node's own, where a site's proxy looks into TLS. Default: none.",
      ),
    tmpdir: z
      .union([z.enum(["runner", "allocation"]), directory()])
      .register(cures, { cure: "write runner, allocation, or an absolute path" })
      .optional()
      .describe(
        "TMPDIR of a job. runner: in its runner's root, gone with it. allocation: the PBS job's own, which jobs of one allocation share. Or a directory. Default: runner.",
      ),
    tool_cache: directory()
      .optional()
      .describe(
        "Where setup actions keep tools (RUNNER_TOOL_CACHE), on a disk that outlives the runner. Default: in the runner's root.",
      ),
    action_cache: directory()
      .optional()
      .describe(
        "Archives of actions that are not downloaded again (ACTIONS_RUNNER_ACTION_ARCHIVE_CACHE), as <owner>_<repository>/<sha>.tar.gz; it is read, never filled. Default: none.",
      ),
    job_started: programs(
      "Programs that run before the first step of each job, with its GITHUB_ variables; the first that fails ends the job. Default: none.",
    ),
    job_completed: programs("Programs that run after the last step of each job. Default: none."),
    stop_before: duration(10 * SECOND, HOUR)
      .optional()
      .describe(
        "How long before the end of its walltime a job's step is stopped, so that its log can say so and later steps can save its work; at most a quarter of the walltime. Default: 90s.",
      ),
    connect_within: duration(30 * SECOND, HOUR)
      .optional()
      .describe("How long a runner may take to connect to GitHub. Default: 5m."),
    idle_within: duration(MINUTE, DAY)
      .optional()
      .describe(
        "How long a connected runner may wait for its job, should nobody else end it. Default: 10m.",
      ),
  })
  .describe("What runners find on compute nodes. A pool's own node has precedence, key by key.");
