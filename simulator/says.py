"""What simulated candidates write, sentence by sentence.

Owns their words. Invariant: for everything that can be said there are two sets of wordings, ``plain`` and ``other``, which share no
sentence, so that a paraphrase can be tried; sentences were written as people type, not to fit a pattern. Leaves out who says what
(``course``) and how a wording is bent (``voice``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Say:
    """Wordings of one thing; ``%(name)s`` are filled in."""

    plain: tuple[str, ...]
    other: tuple[str, ...]


ATOMS: Final = {
    "started": Say(
        (
            "A started day counts as a whole day.",
            "Please round up to full days.",
            "Any day that has begun is charged in full.",
        ),
        (
            "If somebody is one hour into a new day, that partial day costs the same as any other.",
            "Days get rounded up, never down.",
            "Part of a day is billed as one complete day.",
        ),
    ),
    "free": Say(
        ("The first six hours are free.", "The first 6 hours cost nothing.", "There is a grace period: 6 hours free."),
        (
            "Nobody pays during the initial six hours, those are free of charge.",
            "Up to 6 hours there is no charge.",
            "We don't charge for the first 6h, that is nothing to pay.",
        ),
    ),
    "cap": Say(
        (
            "It never costs more than 30 euros.",
            "Cap the price at 30 euros.",
            "The maximum is 30 euros, however long it stays.",
        ),
        (
            "However long somebody waits, 30 euros is the most they pay.",
            "There should be a ceiling of thirty euros on the bill.",
            "At most 30 EUR may be charged for one parcel.",
        ),
    ),
    "smallest": Say(
        (
            "Use the smallest free box that fits.",
            "A parcel goes into the smallest box it fits in.",
            "Pick the smallest compartment that is free and big enough.",
        ),
        (
            "Of all boxes that are large enough, take the tightest one.",
            "Don't waste a big box on a small parcel.",
            "It should be a best fit: least space left over, box-wise.",
        ),
    ),
    "heavy": Say(
        (
            "Parcels over 20 kg are refused.",
            "Refuse anything heavier than 20 kilogrammes.",
            "More than 20 kg is not accepted.",
        ),
        (
            "The wall only takes parcels that weigh twenty kilos or less.",
            "If the weight is above 20 kilograms, reject it.",
            "Turn away whatever is more than 20 kilos.",
        ),
    ),
    "digits": Say(
        (
            "A code has six digits and is unique.",
            "Codes are 6 digits long.",
            "The code must have six digits and not be in use already.",
        ),
        (
            "Make it a six digit number that no other box has at the moment.",
            "Each code is 6 figures, and no two boxes share one.",
            "Codes have to be unique, six numerals each.",
        ),
    ),
    "attempts": Say(
        (
            "After three wrong codes the box is locked for ten minutes.",
            "Lock it for 10 minutes after 3 wrong attempts.",
            "Three failed tries and the box stays shut for ten minutes.",
        ),
        (
            "Whoever gets it wrong three times has to wait, the box is blocked for 10 min.",
            "On the third bad code, freeze the compartment for ten minutes.",
            "3 incorrect entries should block that box for 10 minutes.",
        ),
    ),
    "spaces": Say(
        (
            "Spaces and hyphens in the typed code are ignored.",
            "Ignore spaces and dashes in what is typed.",
            "Strip spaces and hyphens before you compare.",
        ),
        (
            "It shouldn't matter whether people put blanks or dashes in, they don't count.",
            "Accept the code also with whitespace or hyphens in between, just remove them.",
            "Drop any separators, like a space or a dash, that somebody types.",
        ),
    ),
    "oldest": Say(
        (
            "List the parcels that have waited longest first.",
            "Sort it with the oldest first.",
            "The oldest parcel comes first.",
        ),
        (
            "Whatever has been waiting the longest should be at the top.",
            "Order by arrival, earliest at the beginning.",
            "The list starts with the parcel that arrived earliest, that one first.",
        ),
    ),
    "nothing": Say(
        (
            "With no parcels it says so and exits with 1.",
            "If there are no parcels, print a message and return 1.",
            "When it is empty, tell the user and exit with code 1.",
        ),
        (
            "An empty wall is a special case: say that there is nothing and exit non-zero.",
            "No parcels at all? Then report that and end with exit code one.",
            "For an empty list the program prints that and the exit status is 1.",
        ),
    ),
}

# What is asked for, said of the workspace (``%(symbol)s`` and ``%(path)s`` are real) or of nothing in it.
OPENING_NAMED: Final = {
    "fees": Say(
        (
            "Please write `%(symbol)s` in %(path)s and what belongs to it.",
            "Finish %(path)s, beginning with `%(symbol)s`.",
        ),
        ("I need the body of `%(symbol)s`, see %(path)s.", "Could you fill in %(path)s? `%(symbol)s` first."),
    ),
    "placing": Say(
        ("Now %(path)s: please write `%(symbol)s` and the rest of that file.", "Fill in `%(symbol)s` in %(path)s."),
        ("Next come `%(symbol)s` and its neighbours in %(path)s.", "Let's do %(path)s, mainly `%(symbol)s`."),
    ),
    "codes": Say(
        (
            "Write `%(symbol)s` and the other functions of %(path)s.",
            "Please implement %(path)s, in particular `%(symbol)s`.",
        ),
        ("%(path)s is still a stub, start from `%(symbol)s`.", "Go on with `%(symbol)s` in %(path)s."),
    ),
    "report": Say(
        ("The last file is %(path)s: write `%(symbol)s` and the others.", "Please complete `%(symbol)s` in %(path)s."),
        ("Can you do `%(symbol)s`? It is in %(path)s.", "Work on %(path)s next, `%(symbol)s` and below."),
    ),
}
OPENING_VAGUE: Final = {
    "fees": Say(
        ("Please write the part that works out the price.", "Now do the part about money."),
        ("I'd like you to take care of what people pay.", "Could you finish the bit with the costs?"),
    ),
    "placing": Say(
        ("Now write where the parcels go.", "Please do the part that finds a place."),
        ("Next we need something that puts things away.", "Let's continue with how space is given out."),
    ),
    "codes": Say(
        ("Write the part about opening the door.", "Please do what the people type in."),
        ("Go on with how somebody gets in.", "The thing with the keypad is next."),
    ),
    "report": Say(
        ("The last part is what the staff reads in the morning.", "Please do the summary."),
        ("Can you write what gets printed at the end?", "Finish with the overview for the staff."),
    ),
}
# An example or a condition of one's own that states none of the ten requirements.
EXAMPLE: Final = {
    "fees": Say(
        (
            "For example two days cost 500 cents.",
            "Work in whole cents, without floats.",
            "It must not use any other library.",
        ),
        (
            "So for instance 48 hours come to 500.",
            "Only whole cents please, floats are not allowed.",
            "Don't use any further library for it.",
        ),
    ),
    "placing": Say(
        (
            "For example a parcel of size 30 does not go into a box of size 20.",
            "It has to return None where there is no place.",
            "Do not change the signature.",
        ),
        (
            "Say a size 30 parcel and a size 20 box: that is a no.",
            "If there is no place it must give None back.",
            "You must leave the signatures as they are.",
        ),
    ),
    "codes": Say(
        (
            "For example 004217 is a good one.",
            "Only use the draw function that is passed in, never random.",
            "It must be a string, leading zeros included.",
        ),
        (
            "E.g. 000815 would be valid.",
            "Don't import random, take the draw function instead.",
            "Keep it a str, so that 000012 survives.",
        ),
    ),
    "report": Say(
        (
            "For example two parcels give two lines.",
            "Do not print anything else.",
            "Only the standard library, please.",
        ),
        (
            "E.g. for 2 parcels I expect 2 rows.",
            "Nothing else may be printed.",
            "Please stay within the standard library.",
        ),
    ),
}

RESOLVE: Final = Say(
    (
        "%(test)s fails with %(error)s, please repair that.",
        "Now %(test)s fails: %(error)s. What is wrong?",
        "The run shows %(error)s in %(test)s. Please fix it.",
    ),
    (
        "I get %(error)s when I run %(test)s, can you sort it out?",
        "There is one red test, %(test)s, it says %(error)s.",
        "%(test)s broke: %(error)s. Repair it, please.",
    ),
)
CORRECT: Final = Say(
    ("The draft does not do this yet: %(atom)s", "You left something out. %(atom)s", "As I said: %(atom)s"),
    (
        "One thing is missing in what you proposed. %(atom)s",
        "Please look again, this is not in it: %(atom)s",
        "That part got lost. %(atom)s",
    ),
)
ADD: Final = Say(
    ("One more thing: %(atom)s", "I forgot to say: %(atom)s", "Also, %(atom)s"),
    (
        "There is something else to it. %(atom)s",
        "Another point I should have mentioned: %(atom)s",
        "On top of that: %(atom)s",
    ),
)
STUCK: Final = Say(
    (
        "It still does not work, please try again.",
        "That is not what I wanted.",
        "Can you make it better?",
        "Please check it once more.",
        "Hmm, something is off. Try another way.",
        "Please fix it.",
        "I expected more of this.",
        "This is not good enough yet.",
    ),
    (
        "Nope, same as before, give it another go.",
        "Could you improve this a bit?",
        "Not quite, have another look.",
        "It is still broken, can you redo it?",
        "I don't like how this came out, do it differently.",
        "Again please.",
        "You can do better than that.",
        "Hm, no. Think again.",
    ),
)
DONE: Final = Say(("thanks, that is all", "great, thank you"), ("perfect, thanks a lot", "ok thanks, looks good"))

FAULTS: Final = {
    "last-box": Say(
        ("The last box of the wall is left out by the slice.", "Off by one: it never looks at the last box."),
        (
            "Because of [:-1] the last compartment can never be chosen.",
            "One box is always skipped, the one at the end, that is the last box.",
        ),
    ),
    "equal-fees": Say(
        (
            "A set drops equal fees, so two parcels with the same fee count once.",
            "The set swallows duplicates of the same amount.",
        ),
        (
            "If two fees are the same, they are added once only, since it's a set.",
            "Identical amounts collapse here, set comprehension.",
        ),
    ),
    "seventh-day": Say(
        ("On day seven it is not overdue yet, that is one day late.", "Wrong boundary, the seventh day is missed."),
        ("It needs >= here, otherwise day 7 does not count.", "Off by one: only from the 8th day on it is true."),
    ),
    "below-zero": Say(
        ("The refund becomes negative when the fee is higher than what was paid.", "This can go below zero."),
        (
            "If the fee exceeds the payment the sender ends up with minus something.",
            "No lower bound, so you'd get less than zero.",
        ),
    ),
    "own-copy": Say(
        (
            "This only rebinds the local name, the caller's rows are not changed.",
            "It makes a new list and nothing happens to the one passed in.",
        ),
        (
            "The assignment has no effect outside, rows of the caller stay the same.",
            "You would have to return it or change it in place, as it stands the caller notices nothing.",
        ),
    ),
    "oldest-row": Say(
        ("This gives the oldest row, not the latest.", "It is sorted ascending, so [0] is the earliest one."),
        (
            "Wrong end of the list: index 0 is the first booking.",
            "They forgot reverse, you get the earliest instead of the newest.",
        ),
    ),
    "never-sent": Say(
        ("The send after return never runs.", "Unreachable: the letter is never sent."),
        (
            "That last line is dead code, nobody ever gets the letter.",
            "send() comes behind the return and is not reached.",
        ),
    ),
    "too-long": Say(
        (
            "With the dots the text is longer than allowed.",
            "The three dots come on top, so the result exceeds the limit.",
        ),
        ("You get most plus 3 characters, the ellipsis isn't counted.", "The cut forgets the room for the dots."),
    ),
}
EXPECTED: Final = {
    "last-box": Say(("It should go through all boxes.",), ("I would expect the full wall to be searched.",)),
    "equal-fees": Say(("Two fees of 250 should make 500.",), ("I'd expect 500 for two parcels at 250 each.",)),
    "seventh-day": Say(("It should be true for days = 7.",), ("I'd expect overdue(7) to be True.",)),
    "below-zero": Say(("It should return 0 in that case.",), ("I'd expect nothing to be refunded then, so 0.",)),
    "own-copy": Say(
        ("The rows passed in should lack the parcel afterwards.",), ("I'd expect the ledger without that row.",)
    ),
    "oldest-row": Say(("It should return the row with the largest time.",), ("I'd expect the newest booking back.",)),
    "never-sent": Say(("The letter should go out before it returns.",), ("I would expect send to be called once.",)),
    "too-long": Say(
        ("The result should have at most `most` characters.",), ("I'd expect len(short(text, 10)) to be 10.",)
    ),
    "": Say(
        (
            "It should return the same as before for such input.",
            "It should handle that case instead.",
            "I would expect a ValueError there.",
            "It should give back None then.",
            "It must leave the list as it is.",
            "It should return 0 in such a case.",
            "The result should be empty there.",
            "It has to raise a KeyError instead.",
            "The second one should win.",
            "It should give the same for both.",
        ),
        (
            "For such input I'd expect what it returned before.",
            "I'd expect that case to be handled instead.",
            "There should be a ValueError in that case.",
            "Then None ought to come back.",
            "The list has to stay as it was.",
            "I'd expect 0 to be returned.",
            "You should get an empty result.",
            "A KeyError should be raised instead.",
            "I'd expect the second one to win.",
            "Both should give the same.",
        ),
    ),
}
# Faults that sound code is blamed for.
BLAMES: Final = Say(
    (
        "This is wrong when there is more than one.",
        "It breaks for None.",
        "The result is incorrect for an empty string.",
        "This misses a case.",
        "It raises when the key is absent.",
        "The condition is the wrong way round.",
        "This does not handle duplicates.",
        "Two people at once would break this.",
        "It fails if the name has an umlaut.",
        "The type is wrong, it gives a string and not a number.",
        "It never checks what is passed in.",
        "That is an error when the list is empty.",
        "The default is wrong.",
        "It forgets the other branch.",
        "The order is not stable, so the outcome is wrong.",
        "It ignores the second argument.",
        "It loses what was there before.",
        "There is a bug if the number is negative.",
        "The comparison is wrong for equal values.",
        "This will crash on large input.",
    ),
    (
        "With several of them the result is incorrect.",
        "None makes it crash.",
        "An empty string gives something wrong.",
        "It's buggy, there is a case that nobody thought of.",
        "You'd get an error if the key isn't there.",
        "They got the if backwards, that's a mistake.",
        "It fails as soon as there are duplicates.",
        "Not safe, it breaks with two users at the same time.",
        "Umlauts in the name make this fail.",
        "It returns the wrong type, text where a number should be.",
        "The argument isn't checked at all.",
        "An empty list makes it raise.",
        "Wrong default, I believe.",
        "They forgot the else, that is a bug.",
        "The sort isn't stable and so the result is incorrect.",
        "The second argument isn't used at all.",
        "The old state gets lost, which is wrong.",
        "Negative numbers break it.",
        "With equal values it compares incorrectly.",
        "It fails for big lists.",
    ),
)
# Doubts that name no fault.
DOUBTS: Final = Say(
    ("I am not convinced by this.", "I would write this in another style.", "", "Hard to read."),
    ("Something about it feels odd.", "Matter of taste, I'd rather have it another way.", "", "Not very readable."),
)
PLACE: Final = Say(
    ("Line %(line)d, `%(symbol)s`: %(fault)s", "In `%(symbol)s`, line %(line)d: %(fault)s"),
    ("`%(symbol)s` (line %(line)d) - %(fault)s", "See line %(line)d of `%(symbol)s`. %(fault)s"),
)
