"""A table as an app would register one."""

from members.models import Member


class Members:
    """The members of `parameters`, all of them unless it names some."""

    title = "Adhérents"
    header = ["Nom", "Adresse e-mail", "Adhère depuis le"]
    subject_model = Member

    def __init__(self, parameters, user):
        self.members = Member.objects.order_by("pk")
        if "pks" in parameters:
            self.members = self.members.filter(pk__in=parameters["pks"])

    def __iter__(self):
        for member in self.members.iterator(chunk_size=2000):
            yield [str(member), member.email, member.joined_on]

    def subjects(self):
        return self.members.values_list("pk", flat=True).iterator(chunk_size=2000)
