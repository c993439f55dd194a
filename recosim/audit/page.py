"""`audit_page`: an audit as one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from recosim.audit.measure import Audit
from recosim.audit.people_page import STYLE as PEOPLE_STYLE
from recosim.audit.people_page import checks_section, people_section
from recosim.envs.probes import Bar, Probe
from recosim.envs.shares import bare

__all__ = ["audit_page", "comparison_page"]

CONTRADICTIONS = 0.145  # of people's answers, the middle of what was counted

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2733; --soft: #6b7785; --bar: #2f6f8f; --low: #8884; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9ee; --soft: #9aa7b4; --bar: #6fb3d3; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); max-width: 52rem; margin: 2rem auto;
  padding: 0 1rem; }
h2 { margin: 2rem 0 .2rem; font-size: 1.15rem; } p { margin: .2rem 0 .8rem; color: var(--soft); }
table { border-collapse: collapse; width: 100%; } td { padding: .15rem .5rem .15rem 0; }
td.name { width: 42%; } td.value { width: 9rem; text-align: right; }
.bar { background: var(--low); height: .7rem; border-radius: .35rem; overflow: hidden;
  position: relative; }
.bar i { display: block; height: 100%; background: var(--bar); }
.bar b { position: absolute; top: 0; width: 3px; height: 100%; background: var(--ink); }
.bar u { position: absolute; top: .3rem; height: 2px; background: var(--ink); }
blockquote { margin: .2rem 0; padding-left: .7rem; border-left: 3px solid var(--low); }
"""


# The page has no script and no other file; widths and colours stand in attributes.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def audit_page(audit: Audit) -> str:
    """The page of an audit; every text in it is escaped."""
    v = audit.values
    users = v["users"]
    model = users.get("llm", {}).get("model", "")
    who = f"language model {model}" if model else "rules, worded by templates"
    parts = [
        f"<h1>Audit of the users {escape(users['name'])}</h1>",
        f"<p>{escape(who)} · world {escape(v['world']['name'])} "
        f"({v['world']['fingerprint'][:12]}) · {v['conversations']} conversations with "
        f"{escape(v['agent'])}, {v['utterances']:,} utterances; {v['probes']} users a probe, "
        f"seed {v['seed']}. Lines on bars and numbers in brackets: 95 % intervals over users.</p>",
        *people_section({users["name"]: v["against_people"]}),
        *checks_section([(users["name"], v)]),
        *_leakage(audit),
        *(line for probe in audit.probes for line in _probe(probe, audit)),
        *_section(
            "Words and acts",
            "How far words are read back as the act that they stand for (one act a line).",
            [Bar(name, share) for name, share in v["reading"].items()],
        ),
        *_section(
            "Variety of wording",
            "Shares of distinct utterances and pairs of words; "
            f"{v['wording']['mean_words']:.1f} words on average.",
            [
                Bar(name.replace("_", " "), v["wording"][name])
                for name in ("distinct_utterances", "distinct_among_no", "distinct_2")
            ],
        ),
        *_people(v),
        *_decisions(v["decisions"]),
        *_cost(v["cost"]),
        "<h2>Some of what was said</h2>",
        *_quotes(audit.examples["said"]),
    ]
    return _document(f"Audit of {users['name']}", parts)


def comparison_page(audits: Mapping[str, Audit]) -> str:
    """Several populations beside people on one page; every text in it is escaped.

    Args:
        audits: by population, on the same environment with the same figures.
    """
    v = next(iter(audits.values())).values
    parts = [
        "<h1>Users against people</h1>",
        f"<p>{escape(', '.join(audits))} · world {escape(v['world']['name'])} "
        f"({v['world']['fingerprint'][:12]}) · {v['conversations']} conversations each with "
        f"{escape(v['agent'])}, seed {v['seed']}.</p>",
        *people_section({name: audit.values["against_people"] for name, audit in audits.items()}),
        *checks_section([(name, audit.values) for name, audit in audits.items()]),
    ]
    return _document("Users against people", parts)


def _document(title: str, parts: Iterable[str]) -> str:
    title = escape(title)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}{PEOPLE_STYLE}</style>'
        "</head><body>" + "\n".join(parts) + "</body></html>\n"
    )


def _section(title: str, about: str, bars: Iterable[Bar]) -> list[str]:
    rows = [_bar(bar) for bar in bars]
    return [
        f"<h2>{escape(title)}</h2>",
        f"<p>{escape(about)}</p>",
        f"<table>{''.join(rows)}</table>",
    ]


def _probe(probe: Probe, audit: Audit) -> list[str]:
    """The section of a declared probe; none where it found nothing to show."""
    bars = list(probe.bars(audit.values))
    if not bars:
        return []
    about = probe.about if isinstance(probe.about, str) else probe.about(audit.values)
    quotes = _quotes(audit.examples.get(probe.name, []))
    return [*_section(probe.title, about, bars), *quotes]


def _bar(bar: Bar) -> str:
    name, share, mark = bar
    value, low, high = share["value"], share["low"], share["high"]
    at, text = "", f"{100 * value:.1f} %"
    if low is not None:
        at = f'<u style="left:{100 * low:.1f}%;width:{100 * (high - low):.1f}%"></u>'
        text += f" [{100 * low:.0f}, {100 * high:.0f}]"
    if mark is not None:
        at += f'<b style="left:{100 * mark:.1f}%" title="people: {100 * mark:.0f} %"></b>'
    return (
        f'<tr><td class="name">{escape(name)}</td><td><div class="bar">'
        f'<i style="width:{100 * value:.1f}%"></i>{at}</div></td>'
        f'<td class="value">{text}</td></tr>'
    )


def _leakage(audit: Audit) -> list[str]:
    leaks = audit.values["leakage"]
    bars = [Bar(f"said, {kind}", share) for kind, share in leaks["said"].items()]
    bars += [Bar(f"kept back, {kind}", share) for kind, share in leaks["kept_back"].items()]
    about = (
        "Share of utterances that name the item in mind before it is taken: its name, an alias, or "
        "nearly its name. Kept back: what the language model wrote and nobody heard."
    )
    return [*_section("Leaks", about, bars), *_quotes(audit.examples["leaks"])]


def _people(v: dict[str, Any]) -> list[str]:
    people = v["people"]
    return _section(
        "People",
        f"{people['users']} users. Standard deviation over users: of the rate of yes "
        f"{people['yes_rate_sd']:.3f}, of the length of conversations {people['moves_sd']:.2f} "
        "moves.",
        [Bar("left before the end", people["left"])],
    )


def _decisions(found: dict[str, Any] | None) -> list[str]:
    if not found or not found["made"]:
        return ["<h2>Who decides</h2>", "<p>The rules decide every act.</p>"]
    bars = [Bar("as the rules would have it", bare(found["as_the_rules"], found["made"]))]
    for kind, counts in found["facts"].items():
        share = bare(counts["contradicts"], sum(counts.values()))
        bars.append(Bar(f"contradicts its own prompt, {kind}", share, CONTRADICTIONS))
    return _section(
        "Who decides",
        f"The model decided {found['made']:,} answers. Its prompt says what the user wants; the "
        "mark is how often people contradict what they want (12 to 17 %, arXiv 2008.00279).",
        bars,
    )


def _cost(found: dict[str, Any] | None) -> list[str]:
    if found is None:
        return []
    return [
        "<h2>Cost</h2>",
        f"<p>{found['tokens']:,} tokens, {found['tokens_a_conversation']:,.0f} a conversation; "
        f"{found['calls']:,} calls, {found['from_cassette']:,} answers from a cassette; money "
        f"{found['money']:.4f}; faults {escape(str(found['faults'] or 'none'))}. The probes come "
        "on top.</p>",
    ]


def _quotes(texts: list[str]) -> list[str]:
    return [f"<blockquote>{escape(text)}</blockquote>" for text in texts]
