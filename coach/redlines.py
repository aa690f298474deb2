"""Words after which no machine answers: distress, eating disorders, acute symptoms. A fixed kind text and a person instead."""

import re

_RED = re.compile(
    r"suizid|selbstmord|umbringen|nicht mehr leben|magersucht|bulimi|anorexi|ess-?st[öo]e?rung|erbrech|ritze mich|"
    r"brustschmerz|ohnm[äa]chtig|bewusstlos|"
    r"suicid|kill myself|self[- ]harm|eating disorder|anorexia|purging|chest pain|passed out|"
    r"suicidi|autolesi|trastorno alimentario|vomitar|dolor en el pecho|"
    r"me tuer|trouble alimentaire|anorexie|boulimie|me faire vomir|douleur thoracique|"
    r"uccidermi|disturbo alimentare|anoressia|dolore al petto|vomitare",
    re.IGNORECASE,
)


def crossed(text: str) -> bool:
    """Say whether a person writes about something that only people may answer."""
    return bool(_RED.search(text))
