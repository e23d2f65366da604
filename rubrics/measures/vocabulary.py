"""Lists of words that text measures share: everyday words, words of reviews, words that mean alike in programming.

Owns the lists, written by hand. Invariant: all are compared as stems. Leaves out how they are weighed (the measures).
"""

from __future__ import annotations

from rubrics.measures.text import stem


def _stems(words: str) -> frozenset[str]:
    return frozenset(stem(word) for word in words.split())


# Words that occur in any text about anything: sharing one with a diff or a prompt shows nothing.
EVERYDAY = _stems(
    """
    able accept account ago agree allow almost along amount answer appreciate area ask aspect back bad begin believe best big bit
    bring careful case cause certain chance change clear close come common complete concern consider could course day deal
    decide detail different difficult easy effort end enough entire especially every everyone everything expect experience
    explain eye fact far matter feel felt find fine first follow forward friend full future general get give go good great guess guy
    half hand happen happy hard hear help high hope hour idea imagine important interest issue job keep know large last late
    later lead learn least leave less letter life little live long look lose love main mean mention mind minute moment morning
    move myself need new next nice night nothing number old open opinion order others part past people person place plan play
    point possible present problem project public put quality question quick read ready real realize reason remember right room
    run say second see seem self sense set several share short show side simple since small soon sorry speak spend stand
    start state stay step stop story sure take talk tell think thought time today tomorrow tonight topic total try turn
    understand use value view wait walk want watch way week whole wish wonder word work world worry write wrong year
    code line file review reviewer team version luck cheers hello hi hey dear regards welcome congratulations
    """
)
# What a review that touches nothing by name can still be about.
OF_REVIEWS = _stems(
    """
    argument array assert assertion async attribute boolean branch bug cache call callback check class comment compile condition
    config configuration const constant constructor copy crash debug declare default define delete dependency deprecated doc
    docstring document documentation duplicate edge empty encoding enum error exception export expression extract factory
    fallback field filter fix flag float format function getter global handle handler hash header helper implement
    implementation import include indent index inherit initialize input instance integer interface iterate iterator javadoc
    json key lambda library list lock log logger loop leak map memory message method mock module mutable namespace
    naming null object operator optional output overflow override package param parameter parse password path performance
    pointer prefix private property protected query queue race raise recursion redundant refactor reference regex regression
    remove rename request response return scope security serialize setter signature spacing sql static statement string
    struct style suffix switch syntax template test thread throw timeout token tuple type typo undefined union unit unused
    update url validate validation var variable whitespace wrapper
    """
)
# What a request to a programmer's assistant is about.
TECHNICAL = OF_REVIEWS | _stems(
    """
    algorithm android api app application ascii backend bash batch binary bit boot browser button byte camera cell character
    chart client cloud code column command compiler component console container counter cpu css csv data database dataframe
    dataset desktop device dictionary docker dropdown element email encrypt endpoint engine environment equation excel execute
    extension file folder font form formula frame framework frontend game git graph gui hardware html http image install
    integral interrupt java javascript js keyboard kernel keyword language latex layout library line linux list login macro
    matrix menu model mouse network neural node number numpy page pandas panel parser pdf php pixel pixels plot plugin popup port
    print process processor program programming project python ram regression release repository response robot route row run
    runtime scene schema screen script sdk search select server shader sheet shell simulation site software sort source sprite
    sql stack style stylesheet symbol syntax system table tag task terminal text texture thread timer train tree
    ui unity user vector vertex video view virtual vue web webpage website widget widgets window windows worker xml yaml
    """
)
# Words of languages, in every diff.
KEYWORDS = _stems(
    "return if else for while def class function var let const new import from public private static void int string self true "
    "false null none try catch except this final"
)
