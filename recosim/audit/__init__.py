"""How far simulated users can be believed: measurements of a population, and a page of them."""

from recosim.audit.measure import Audit, audit_users
from recosim.audit.page import audit_page

__all__ = ["Audit", "audit_page", "audit_users"]
