"""What we call the parts of a credit and of its taking back, and what registries usually do."""

POSTED = (
    "reference",
    "member_number",
    "activity",
    "title",
    "credit_type",
    "amount",
    "unit",
    "earned_on",
    "role",
)
NEEDED = ("reference", "amount", "member_number")
RETRACTED = ("own_reference", "reference", "on", "reason")

USUAL_NAMES = {"activity": "activity_code", "role": ""}
"""Where the registry's name is not ours; the role is only sent to a registry that names it."""

USUAL_NAMES_BACK = {"on": "reversed_on", "reference": ""}
"""The same for a reversal: the award's reference usually stands in the path."""
