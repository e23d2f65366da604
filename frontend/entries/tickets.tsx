// The candidate's page for tickets: beside a workspace that stays open elsewhere.
import { render } from "preact";
import "../styles/app.css";
import { boot } from "../core/boot.ts";
import { expose } from "../core/expose.ts";
import { beginTickets, TicketsPage } from "../pages/tickets.tsx";

const session = await beginTickets(boot);
expose(session.store);
const app = document.getElementById("app");
if (app) render(<TicketsPage session={session} />, app);
