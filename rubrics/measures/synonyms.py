"""What people call the same thing when they describe a program.

Owns groups of words and turns of phrase that mean alike in a task's description, written by hand. Invariant: every member of a
group is one concept, and a word may belong to several. Leaves out how much a concept weighs (``coverage``).
"""

from __future__ import annotations

import re

_GROUPS = {
    "most": r"at most|no more than|not more than|up to|not exceed(?:ing)?|maximum of|max of|capped at"
    r"|limit(?:ed)? (?:of|to)|<=|=<",
    "least": r"at least|no less than|no fewer than|not less than|minimum of|min of|or more|>=|=>",
    "even": r"even|divisible by (?:two|2)|multiples? of (?:two|2)|mod(?:ulo)? 2|% ?2 ?(?:==|is) ?0",
    "insensitive": r"case[- ]?insensitiv\w*|ignor\w+ (?:the )?(?:letter )?case|regardless of (?:letter )?case|in any case"
    r"|any case|upper ?case or lower ?case|(?:upper|capital)s? (?:and|or) (?:lower|small)\w*",
    "upper": r"upper[- ]?case\w*|capital letters?|all caps|in caps|capitali[sz]\w*",
    "lower": r"lower[- ]?case\w*|small letters?",
    "missing": r"not (?:there|found|present|known|exist\w*|in the)|(?:do|does)(?:n't| not) exist"
    r"|isn't (?:there|found|present|in)"
    r"|cannot be found|can't be found",
    "adjacent": r"in a row|back[- ]to[- ]back|next to (?:each other|one another)|one after (?:the other"
    r"|another)|consecutive\w*"
    r"|adjacent|neighbou?r\w*|side by side|successive\w*|follow(?:s|ing|ed)? (?:each other|itself|themselves)",
    "count": r"how many|how often|number of|amount of|(?:number|amount) times|counts?|counted|counting|counters?|occurrences?"
    r"|frequenc\w+|tall(?:y|ies)",
    "more": r"(?:greater|more|larger|bigger|higher|longer|older|later) than|exceed\w*|above|beyond",
    "less": r"(?:less|smaller|fewer|lower|shorter|younger|earlier) than|below",
    "unchanged": r"(?:do|does|must|should|may)(?:n't| not) (?:be )?(?:chang\w*|modif\w*|mutat\w*|alter\w*|touch\w*)"
    r"|without (?:chang|modify|mutat|alter|touch)\w*|never (?:be )?(?:chang|modif|mutat|alter|touch)\w*|left (?:as|alone)"
    r"|untouched|unchanged|unmodified|intact|stays? the same|on a copy|read[- ]only|immutab\w+|side effects?",
    "same": r"same|equal\w*|identical\w*|alike|match\w*|==",
    "remove": r"remov\w*|delet\w*|drop\w*|strip\w*|filter\w* out|exclud\w*|leav\w+ out|left out|keep\w* out"
    r"|kept out|get rid of"
    r"|throw\w* (?:away|out)|omit\w*|skip\w*|discard\w*|ignor\w*|eliminat\w*|without|take out|taken out|not includ\w*",
    "duplicate": r"duplicat\w*|repeat\w*|twice|more than once|again|dedup\w*|doubles?|doubled",
    "unique": r"uniqu\w*|distinct|only once|once|one of each",
    "start": r"begin\w*|start\w*|first|initial\w*|leading|front|prefix\w*|head",
    "end": r"end|ends|ending|last|final|trailing|suffix\w*|tail",
    "empty": r"empt\w*|blank\w*|nothing in|no (?:elements?|items?|entries|words?|values?|characters?|letters?|input)"
    r"|zero[- ]length|length (?:of |is )?(?:zero|0)",
    "none": r"none|null|nil|undefined|nothing|absent|missing|unset",
    "raise": r"rais\w*|throw\w*|error\w*|exception\w*|fail\w*|reject\w*|complain\w*|invalid\w*|illegal|refus\w*",
    "return": r"return\w*|outputs?|outputt\w*|giv(?:e|es|ing) (?:back|out)|gives?|results?|yields?|produc\w*"
    r"|spits? out|hands? back|print\w*"
    r"|display\w*|shows?|answer\w*",
    "input": r"inputs?|parameters?|params?|arguments?|args?|tak(?:e|es|ing) in|takes?|accept\w*|receiv\w*"
    r"|given|passed?(?: in)?|gets?",
    "function": r"functions?|methods?|programs?|procedures?|routines?|scripts?|def",
    "list": r"lists?|arrays?|sequences?|vectors?|collections?",
    "item": r"elements?|items?|entr(?:y|ies)|members?|values?",
    "string": r"strings?|str|texts?|sentences?|phrases?",
    "letter": r"letters?|characters?|chars?|symbols?|alphabet\w*",
    "word": r"words?|tokens?|terms?",
    "integer": r"integers?|ints?|whole numbers?",
    "number": r"numbers?|numeric\w*|digits?|figures?",
    "float": r"floats?|floating|decimals?|real numbers?|fraction\w*",
    "dict": r"dict|dicts|dictionar\w+|maps?|mappings?|hash\w*|objects?|lookup",
    "key": r"keys?",
    "pair": r"tuples?|pairs?|couples?",
    "boolean": r"bool\w*|true|false|yes or no|whether|checks?|checking|test if|tells? if|determin\w*|verif\w*",
    "largest": r"largest|biggest|greatest|highest|max|maximum|maximal|longest|top|most",
    "smallest": r"smallest|lowest|least|min|minimum|minimal|shortest|fewest",
    "sum": r"sum\w*|total\w*|add(?:s|ed|ing)? (?:up|together|them)|adds?|adding|added|plus|combined",
    "product": r"multipl\w*|product|times",
    "difference": r"subtract\w*|minus|difference",
    "average": r"average\w*|mean|avg",
    "divide": r"divid\w*|divis\w*|quotient|remainder|mod(?:ulo|ulus)?",
    "sort": r"sort\w*|order(?:s|ed|ing)?|arrang\w*|rank\w*",
    "ascending": r"ascending|increasing\w*|smallest to (?:largest|biggest|greatest)"
    r"|low(?:est)? to high(?:est)?|alphabetical\w*|a to z",
    "descending": r"descending|decreasing\w*|(?:largest|biggest|greatest) to smallest|high(?:est)? to low(?:est)?|z to a",
    "reverse": r"revers\w*|backwards?|inver\w+|opposite|flip\w*|other way round|mirror\w*",
    "index": r"ind(?:ex|exes|ices)|positions?|locations?|place|offset",
    "every": r"each|every|all|for any|any|everything|iterat\w*|loops?|looping|go(?:es)? through|goes over",
    "join": r"join\w*|concat\w*|combin\w*|merg\w*|append\w*|attach\w*|put together|glue\w*",
    "split": r"split\w*|separat\w*|divid\w+ into|break\w* (?:up|into)|pars\w*|tokeni[sz]\w*",
    "replace": r"replac\w*|substitut\w*|swap\w*|exchang\w*|convert\w*|turn\w* into|chang\w+ (?:to|into)"
    r"|becom\w*|transform\w*|switch\w*",
    "contain": r"contain\w*|includ\w*|has|have|having|holds?|there is|there are|with",
    "inside": r"in|inside|within|in between|between|among",
    "space": r"white ?spaces?|spaces?|blanks?",
    "round": r"round\w*|nearest|precision|decimal places?",
    "odd": r"odd|not even|uneven",
    "positive": r"positive|non[- ]?negative|greater than (?:zero|0)|> ?0",
    "negative": r"negative|less than (?:zero|0)|below (?:zero|0)|< ?0",
    "default": r"default\w*|otherwise|unless|by itself|fall ?back|if not (?:given|specified|set)"
    r"|when not (?:given|specified|set)",
    "random": r"random\w*|shuffl\w*|seed\w*|chance",
    "stable": r"determin\w*|reproduc\w*|repeatab\w*|stable|stability|consistent\w*|every time|each time|always",
    "file": r"files?|documents?|disk",
    "user": r"users?|customers?|clients?|person|people|accounts?|members?|borrowers?",
    "timeout": r"time[- ]?outs?|times? out|deadlines?|too long|give up after",
    "retry": r"retr(?:y|ies|ied|ying)|try again|tries again|attempts?|another go",
    "commandline": r"command[- ]line|cli|terminal|flag|switch|option",
    "money": r"price\w*|costs?|money|amounts?|fees?|charge\w*|fares?",
    "date": r"dates?|days?|calendar",
    "case": r"cases?|caps|capital\w*|upper\w*|lower\w*",
    "flat": r"flat\w*|un-?nest\w*|single level",
    "nested": r"nest\w*|within|deep|depth|recursiv\w*|levels?",
    "overlap": r"overlap\w*|clash\w*|conflict\w*|double[- ]book\w*|at (?:once|the same time)|collid\w*|collision\w*",
    "late": r"late|overdue|past due|delay\w*",
    "hide": r"hid(?:e|es|den|ing)|mask\w*|redact\w*|leak\w*|secret\w*"
    r"|never (?:log|show|appear|print)\w*|not (?:shown|offered|suggested)",
    "room": r"size|capacity|seats?|large|small|big",
    "wait": r"wait\w*|sleep\w*|back-?off|pause\w*|delay\w*",
    "double": r"doubl\w*|twice|exponential\w*|two times|times (?:two|2)",
    "discount": r"vouchers?|coupons?|discount\w*|promo\w*|rebate\w*|reduc\w*|percent\w*",
    "free": r"free|no (?:charge|cost|fee)s?|for nothing|without cost",
    "basket": r"orders?|carts?|baskets?|purchases?|checkout",
    "stream": r"stream\w*|line by line|memory|at a time|lazily|generators?|load\w*",
    "cancel": r"cancel\w*|abort\w*|call(?:ed|s)? off|withdraw\w*",
    "allowed": r"allow\w*|permit\w*|fine|ok|okay|may|legal|valid",
    "only": r"only|just|sole\w*|exactly|single",
    "prime": r"primes?",
    "vowel": r"vowels?",
    "consonant": r"consonants?",
    "palindrome": r"palindrom\w*|same (?:forwards?|backwards?)|reads? the same",
    "keep": r"keep\w*|kept|preserv\w*|retain\w*|remain\w*|stay\w*|maintain\w*|same order",
    "copy": r"cop(?:y|ies|ied)|new (?:list|array|dict\w*|string|object)|clone\w*|duplicate of",
    "between": r"between|range|from \S+ (?:to|till|until)|inclusive|exclusive",
    "square": r"squar\w*|power of (?:two|2)|itself|\*\* ?2|\^ ?2",
    "compare": r"compar\w*|versus|against|relative to",
    "group": r"group\w*|categor\w*|bucket\w*|partition\w*|by their",
    "log": r"logs?|logged|logging|record\w*|trace",
    "anagram": r"anagrams?|rearrang\w*|same letters|permutation\w*",
    "punctuation": r"punctuation\w*|commas?|dots?|periods?|special characters?|non[- ]?alphanumeric",
    "divider": r"separator\w*|delimit\w*|commas?|semicolons?|hyphens?|dash\w*",
    "duration": r"durations?|lengths?|long|minutes?|seconds?|hours?|time",
}
# Not "one", which mostly stands for a thing named before.
_DIGITS = {
    "zero": "0", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
    "ten": "10", "eleven": "11", "twelve": "12", "twenty": "20", "thirty": "30", "sixty": "60", "hundred": "100",
    "thousand": "1000", "dozen": "12",
}  # fmt: skip
# Concepts that nearly every description holds tell little, kinds of data not much more.
GENERIC = frozenset({"return", "input", "function", "contain", "inside", "every", "item", "boolean", "start", "end"})
KINDS_OF_DATA = frozenset(
    {"list", "string", "letter", "word", "integer", "number", "float", "dict", "key", "file", "user", "index", "count"}
)
_PATTERNS = [
    (name, re.compile(rf"(?<![\w-])(?:{pattern})(?!\w)", re.IGNORECASE | re.ASCII)) for name, pattern in _GROUPS.items()
]
_WORD_DIGITS = re.compile(rf"\b(?:{'|'.join(_DIGITS)})\b", re.IGNORECASE)


def in_digits(text: str) -> str:
    """The text with number words as digits."""
    return _WORD_DIGITS.sub(lambda found: _DIGITS[found.group().lower()], text)


def concepts(text: str) -> list[tuple[int, int, str]]:
    """Concepts in a plain text: where each begins and ends, and its name."""
    return [(found.start(), found.end(), name) for name, pattern in _PATTERNS for found in pattern.finditer(text)]
