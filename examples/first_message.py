"""Build a slideshow, send it, store it, send the stored one, and read the gateway's reports about the messages.

Run it unchanged: the gateway is a sandbox, and nothing leaves this machine. For a real gateway, replace ``sandbox.account()``
by ``Account.from_env()``.
"""

from skymms import Client, SaveMMS, SendMMS, SendSavedMMS, Slideshow
from skymms.sandbox import PostbackReceiver, Sandbox

coupon = (
    Slideshow("Membership coupon", subject="Free coupon!")
    .slide("Hi! Thank you for joining us!", image="http://www.yoursite.com/images/welcome.jpg", duration=5)
    .slide(
        "As a new member, here's a free coupon from us!\nPlease enjoy!",
        passbook="http://www.yoursite.com/pass/coupon.pkpass",
        duration=5,
    )
)

with PostbackReceiver() as inbox, Sandbox(postback_url=inbox.url) as sandbox:
    with Client(sandbox.account()) as client:
        sent = client.call(SendMMS(coupon, to="15551234888", sender="60856"))
        print("sent:", sent.tracking_id)
        saved = client.call(SaveMMS(coupon))
        print("saved:", saved.mms_id)
        again = client.call(SendSavedMMS(saved.mms_id, to="15551234888", sender="60856", custom_text={1: "Hello again"}))
        print("sent the stored one:", again.tracking_id)
    for notice in inbox.wait(5):
        print("report:", notice.code, notice.tracking_id, "-", notice.meaning)
