"""National identity numbers, known by their check digits."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

FEW = 10  # distinct numbers below which a check digit may be right by chance
SURE = 0.9  # share of them that must be valid

NATIONAL_IDS = {  # modules of python-stdnum whose numbers carry a check digit, or letters in fixed places
    "au.tfn": "Australian TFN", "be.nn": "Belgian", "bg.egn": "Bulgarian", "br.cpf": "Brazilian CPF",
    "ca.sin": "Canadian SIN", "ch.ssn": "Swiss AHV", "cl.rut": "Chilean RUT", "cn.ric": "Chinese",
    "cz.rc": "Czech or Slovak", "de.idnr": "German tax id", "dk.cpr": "Danish CPR", "ee.ik": "Estonian or Lithuanian",
    "es.dni": "Spanish DNI", "es.nie": "Spanish NIE", "fi.hetu": "Finnish", "fr.nir": "French NIR",
    "gb.nhs": "British NHS", "gr.amka": "Greek AMKA", "hr.oib": "Croatian OIB", "ie.pps": "Irish PPS",
    "il.idnr": "Israeli", "in_.aadhaar": "Indian Aadhaar", "in_.pan": "Indian PAN", "it.codicefiscale": "Italian",
    "kr.rrn": "South Korean", "mx.curp": "Mexican CURP", "nl.bsn": "Dutch BSN", "no.fodselsnummer": "Norwegian",
    "pl.pesel": "Polish PESEL", "pt.cc": "Portuguese", "ro.cnp": "Romanian CNP", "se.personnummer": "Swedish",
    "th.pin": "Thai", "tr.tckimlik": "Turkish", "za.idnr": "South African",
}  # fmt: skip


def find_national(texts: Sequence[str]) -> tuple[str, float] | None:
    """The country whose national numbers the texts are, and the share of valid ones; None where there is none.

    >>> find_national([f"{number}-{number:04d}" for number in range(20)]) is None
    True
    """
    if len(texts) < FEW or not 8 <= len(texts[0]) <= 21 or not any(c.isdigit() for c in texts[0]):
        return None
    for module, country in NATIONAL_IDS.items():
        is_valid = import_module(f"stdnum.{module}").is_valid
        if sum(map(is_valid, texts[:FEW])) < SURE * FEW:
            continue
        valid = sum(map(is_valid, texts)) / len(texts)
        if valid >= SURE:
            return country, valid
    return None
