// Style sheets are imported for their effect; esbuild writes them beside the bundle.
declare module "*.css";
