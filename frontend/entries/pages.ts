// Plain pages: consent, debrief, scorecard, lists, errors.
// Owns their style sheet. Invariant: a plain page works without this script.
import "../styles/pages.css";
