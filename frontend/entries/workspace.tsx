// The candidate's page.
import { render } from "preact";
import "../styles/app.css";
import { boot } from "../core/boot.ts";
import { expose } from "../core/expose.ts";
import { begin } from "../pages/session.ts";
import { mayTakeOver } from "../pages/takingover.tsx";
import { Workspace } from "../pages/workspace.tsx";

await mayTakeOver(boot);
const session = await begin(boot);
expose(session.store, session);
const app = document.getElementById("app");
if (app) render(<Workspace session={session} />, app);
