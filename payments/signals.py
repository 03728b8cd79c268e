from django.dispatch import Signal

# Sent with `charge` by Charge.record_payment, inside its transaction, once: when the charge becomes covered.
# A receiver that raises undoes the payment's record, and the provider's next notification tries again.
charge_paid = Signal()
