import type { Config } from "@react-router/dev/config";

export default { appDirectory: "app", buildDirectory: "../../dist/react-router" } satisfies Config;
