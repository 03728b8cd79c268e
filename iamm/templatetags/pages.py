from urllib.parse import urljoin

from django import template
from django.conf import settings
from django.template.base import NodeList, Parser, Token
from django.template.context import Context
from django.utils.safestring import mark_safe

from payments.models import Charge
from payments.transfer import Transfer, for_charge

register = template.Library()


class CaptureNode(template.Node):
    def __init__(self, nodelist: NodeList, name: str) -> None:
        self.nodelist, self.name = nodelist, name

    def render(self, context: Context) -> str:
        context[self.name] = mark_safe(self.nodelist.render(context).strip())  # noqa: S308 - as the template wrote it
        return ""


@register.tag
def capture(parser: Parser, token: Token) -> CaptureNode:
    """`{% capture as name %}…{% endcapture %}`: a block is rendered once, and this lets the page say it twice."""
    match token.split_contents():
        case [_tag, "as", name]:
            nodelist = parser.parse(("endcapture",))
            parser.delete_first_token()
            return CaptureNode(nodelist, name)
    raise template.TemplateSyntaxError("capture wants « as » and a name.")


@register.filter
def absolute(path: str) -> str:
    """The address of one of our files as others need it. A storage elsewhere gives whole ones already."""
    return urljoin(settings.SITE_URL, path)


@register.filter
def transfer(charge: Charge) -> Transfer | None:
    """How to pay what is due on it by transfer, where we have an account."""
    return for_charge(charge)
