import { type ReactNode, Suspense } from "react";
import { Session } from "../../lib/session";

async function Visitor(): Promise<ReactNode> {
  const found = await Session.getServerSession();
  return <output>{found.session?.getUserId() ?? found.status}</output>;
}

export default function Page(): ReactNode {
  return (
    <Suspense>
      <Visitor />
    </Suspense>
  );
}
