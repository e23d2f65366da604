"""What each type of event says, in one sentence.

Owns the prose of ``docs/events.md``. Invariant: one sentence for every type and none for a type that is no more (``gendocs``
refuses otherwise). Leaves out fields and their types, which come from ``interviews.events`` itself.
"""

from __future__ import annotations

NOTES: dict[str, str] = {
    "consent.given": "The candidate read what is recorded and agreed; the text agreed to is pinned by its hash. "
    "`plants` is false where they chose the format without planted mistakes.",
    "consent.withdrawn": "The candidate took back, after the end, that what they did about planted mistakes may be scored.",
    "key.recorded": "The exercise's key at the time: requirement atoms, planted defects, and whether the assistant knows the "
    "brief. Withheld from the candidate.",
    "interview.started": "The candidate entered the workspace.",
    "phase.started": "A phase began; its clock runs for `duration_ms`.",
    "phase.ended": "A phase ended, by the candidate's hand or because its time was up.",
    "phase.offered": "The phase before is over and saved; the next one begins when the candidate says so. The clock stands.",
    "clock.paused": "The clock stopped for a reason that is not the candidate's.",
    "clock.resumed": "The clock runs again; `lost_ms` were given back.",
    "presence.changed": "A person's page connected, went to the background, or left.",
    "sandbox.queued": "All sandboxes are in use: the candidate waits, with `ahead` people before them. Nothing has begun yet.",
    "sandbox.started": "A sandbox stands ready; `weaker` names the guarantees that this machine cannot hold. `place` is what it is "
    "found by after a restart of the server; one found again is `adopted`, with its files and programs as they were; of one that "
    "was rebuilt from the log, `missing` names the files that could not be.",
    "sandbox.lost": "The sandbox does not answer, or could not be started; it is sought, or rebuilt from the log.",
    "file.snapshotted": "The whole text of a file at a version; null text where it is too large or not text. With the origin "
    "`keyframe` it says again what was known; with `redacted`, a secret in it was blotted out. `renamed_from` is the name the file "
    "had before: that one is deleted in the same breath.",
    "file.edited": "A change set in CodeMirror's JSON form, over positions in UTF-16 code units, made this version of the file.",
    "file.deleted": "A file was removed.",
    "sync.failed": "A file could not be carried between editor and sandbox; the editor's text is what counts.",
    "terminal.opened": "A terminal was opened with this size.",
    "terminal.output": "What the terminal showed, escape sequences included; output that floods is joined. `cut` bytes "
    "before it were left out, and `data` begins with the visible mark that says so.",
    "terminal.resized": "The terminal got another size.",
    "terminal.closed": "The shell ended.",
    "command.finished": "A command typed into the terminal ended.",
    "run.started": "Visible tests were started over these versions of the files.",
    "run.finished": "The tests ended, with one result for each that ran.",
    "prompt.sent": "The candidate asked the assistant; `mentions` is what they attached, `attachments` the paths of whole files "
    "among it.",
    "reply.started": "The assistant began to answer, in this mode and knowing this much by itself; `attempt` counts from 1, and a "
    "later one begins the answer anew.",
    "reply.delayed": "The assistant's service has not answered yet, for that reason, and is asked again after `wait_ms`.",
    "reply.appended": "A further piece of the answer, as it was shown.",
    "reply.finished": "The whole answer, what it cost and how long it took; `miss` marks a prompt the scripted assistant has no "
    "line for, which is left out of scoring.",
    "reply.failed": "The assistant could not answer; the time is given back.",
    "tool.started": "The assistant began to use a tool.",
    "tool.called": "The assistant has used a tool: what came back, less `cut` characters.",
    "suggestion.offered": "The assistant proposed a change, hunk by hunk.",
    "suggestion.annotated": "What the exercise knows of each hunk: requirements touched and honoured, a planted defect. Withheld "
    "from the candidate.",
    "suggestion.decided": "The candidate accepted or rejected one hunk; `kept` is what went in where they changed it first.",
    "suggestion.refreshed": "A hunk whose place had changed was made anew for the text as it is now; its decision is still open.",
    "ticket.opened": "The candidate handed work over; the assistant does it in a copy of these versions of the files, in `turn`.",
    "ticket.revised": "The candidate asked for another round of that work; `comments` are those it is to answer.",
    "ticket.returned": "The work came back as a change request; the proposal `suggestion` holds its hunks.",
    "ticket.closed": "The candidate is done with a ticket, or called it off.",
    "comment.added": "A comment of the candidate on a line of a hunk, counted in what the hunk puts there; 0 is the whole hunk.",
    "review.opened": "The change request that everyone reviews was laid before the candidate, and its program into `folder`.",
    "review.annotated": "What the exercise knows of each of its hunks, and the mistakes planted in it. Withheld from the "
    "candidate.",
    "hunk.judged": "The candidate's verdict on a hunk of the review, with the line and the fault where it is wrong, and a repair "
    "where they wrote one; a later verdict replaces it. `late` where it came behind the review's end, within the grace.",
    "defect.traced": "What became of a planted mistake in a hunk of that proposal or review: planted, exposed (shown), judged "
    "(decided about, or sent back with a comment at it), repaired or escaped. Withheld from the candidate.",
    "interview.submitted": "The work was handed in, by the candidate or by the clock; `late` when edits came within the grace.",
    "debrief.shown": "The candidate was shown each planted mistake, what they did with it, and the fix.",
    "note.added": "An interviewer's note about a moment. Withheld from the candidate.",
    "payload.erased": "The actor dropped for good what the events `seqs` held, for that reason; their places and hashes stay.",
    "analysis.recorded": "The result of an analysis that executed code in a fresh sandbox; what the assistant reaches "
    "alone (`baseline`); what a model answered when it was asked for a judgement (`judge`).",
    "rating.recorded": "An interviewer's own levels by dimension under that rubric; `blind` where they had not "
    "seen the proposed score. Withheld from the candidate.",
    "explanation.rated": "How well the candidate explained their submitted code, as an interviewer heard it: one question, "
    "about the code of the event `about_seq`. Withheld from the candidate.",
    "score.revealed": "An interviewer was shown the proposed score; `rated` where their own stood already. Withheld from the "
    "candidate.",
    "score.overridden": "An interviewer put another level in the place of the proposed one of a dimension, with a reason; "
    "the proposal stays beside it. Withheld from the candidate.",
    "score.signed": "An interviewer signed the score under that rubric as it follows from the log up to `head_hash`. Withheld "
    "from the candidate.",
    "score.recorded": "A scorecard, by the rubric or by a person with a reason; a later one stands beside it, never over it.",
}
