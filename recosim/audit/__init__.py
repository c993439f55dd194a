"""How far simulated users can be believed: measurements of a population, and a page of them."""

from recosim.audit.figures import figures
from recosim.audit.measure import Audit, audit_users
from recosim.audit.page import audit_page, comparison_page

__all__ = ["Audit", "audit_page", "audit_users", "comparison_page", "figures"]
