"""Names of people: how they are written, and frequent given names of several countries as evidence."""

from __future__ import annotations

import re
from collections.abc import Sequence

FEW = 10  # distinct texts below which nothing is told
MOST = 0.8  # share of them that must be written like a name

_PERSON = re.compile(
    r"(?:(?:Mr|Mrs|Ms|Miss|Dr|Prof|Herr|Frau|Sr|Sra|Mme|M)\.? )?[^\W\d_][\w'’.\-]*"
    r"(?:,? (?:(?:van|von|de|der|den|da|di|del|la|le|bin|al) )*[^\W\d_][\w'’.\-]*){0,4}"
)
_TITLE = re.compile(r"\b(?:Mr|Mrs|Ms|Miss|Dr|Prof|Herr|Frau|Mme)\b\.?")
_WORD = re.compile(r"[^\W\d_]+")

_PERSON_NAME = re.compile(
    r"(?:first|last|given|family|sur|fore|full|middle|maiden|customer|client|patient|employee|person|contact|student|"
    r"driver|passenger|owner|holder|member|applicant|borrower)[ _.\-]?names?|"
    r"(?:vor|nach)name|pr[eé]nom|apellidos?|cognome"
)
_NAME = re.compile(
    r"(?:^|[^a-z])(?:name|person|patient|customer|employee|author|player|nombre|nom)(?:[^a-z]|$)"
)

_GIVEN_NAMES = frozenset(
    """
    james john robert michael william david richard joseph thomas charles christopher daniel matthew anthony mark
    donald steven andrew paul joshua kenneth kevin brian george timothy ronald edward jason jeffrey ryan jacob gary
    nicholas eric jonathan stephen larry justin scott brandon benjamin samuel gregory alexander patrick frank
    raymond jack dennis jerry tyler aaron jose adam nathan henry zachary douglas peter kyle noah ethan jeremy walter
    keith roger terry austin sean gerald carl harold dylan arthur lawrence jesse bryan billy bruce gabriel joe logan
    alan juan albert willie elijah wayne randy vincent mason roy ralph bobby russell bradley philip eugene oliver
    liam lucas harry oscar leo theodore simon martin hugo felix max ben tom tim jan lars sven nils erik anders johan
    mary patricia jennifer linda elizabeth barbara susan jessica sarah karen lisa nancy betty sandra margaret ashley
    kimberly emily donna michelle carol amanda melissa deborah stephanie rebecca laura helen sharon cynthia kathleen
    amy angela shirley brenda emma anna pamela nicole samantha katherine christine debra rachel carolyn janet maria
    olivia heather diane julie joyce victoria ruth virginia lauren kelly christina joan evelyn judith andrea hannah
    megan cheryl jacqueline martha madison teresa gloria sara janice ann kathryn abigail sophia frances jean alice
    judy isabella julia grace amber denise danielle marilyn beverly charlotte natalie theresa diana brittany doris
    kayla alexis lori marie ella chloe lucy sophie eva clara lena mia lea marta elena ines nina ida ingrid astrid
    hans klaus jürgen wolfgang günter dieter stefan andreas matthias markus sebastian tobias florian lukas jonas
    ursula monika petra sabine renate helga brigitte claudia katharina heike susanne pierre philippe
    françois jacques michel alain louis nicolas julien antoine nathalie isabelle catherine sylvie camille giovanni
    giuseppe marco luca matteo alessandro francesca giulia chiara carlos luis miguel javier antonio manuel pedro
    francisco alejandro fernando jorge carmen josefa lucía paula pablo joão ana luiz paulo rafael bruno mohammed
    mohamed muhammad ahmed ali omar hassan hussein ibrahim yusuf fatima aisha khadija zainab mustafa mehmet ayşe
    emre raj rahul amit sanjay vijay arjun ravi priya anjali deepak sunita lakshmi wei li jing fang ming yan hui
    hiroshi takashi yuki haruto sakura yoko ivan dmitri dmitry sergei sergey alexei andrei vladimir
    mikhail nikolai olga natalia tatiana ekaterina piotr krzysztof andrzej tomasz agnieszka katarzyna małgorzata
    """.split()  # noqa: SIM905
)


def share_of_people(name: str, texts: Sequence[str]) -> float:
    """Share of the texts that look like names of people; 0 where there is too little evidence.

    That is the column's name (``last_name``), or frequent given names and titles among the texts.

    >>> share_of_people("owner", [f"{name} Fox" for name in "Ann Tom Ida Max Eva Leo Kim Jan Mia Ben".split()])
    1.0
    >>> share_of_people("town", [f"{name} Hill" for name in "Red Box Oak Elm Fir Ash Fox Bay Low Top".split()])
    0.0
    """
    good = [text for text in texts if text[:1].isupper() and _PERSON.fullmatch(text)]
    if len(texts) < FEW or len(good) < MOST * len(texts):
        return 0.0
    known = sum(not _GIVEN_NAMES.isdisjoint(_WORD.findall(text.casefold())) for text in good) / len(good)
    titled = sum(bool(_TITLE.search(text)) for text in good) / len(good)
    several = sum(" " in text for text in good) / len(good)
    needed = 0.0 if _PERSON_NAME.search(name) else 0.15 if _NAME.search(name) else 0.3
    if max(known, titled) < needed or (several < 0.5 and needed == 0.3 and known < 0.6):
        return 0.0
    return len(good) / len(texts)
