"""See mistakes in a slideshow before sending: one as an error, or all as a list. This needs no gateway."""

from skymms import Account, AudioWithVideoError, SendMMS, SkymmsError, Slide, Slideshow

base = Slideshow("Summer", subject="Summer!")

try:
    base.slide("Listen and look", audio="http://www.yoursite.com/a.mp3", video="http://www.yoursite.com/v.mp4")
except AudioWithVideoError as error:
    print(error.code, "on slide", error.slide, "-", error.remedy)

# replace() does not validate slides. problems() then lists everything that is wrong.
wrong = base.replace(
    subject=None, slides=(Slide("x" * 5001), Slide(), Slide(image="images/a.jpg", pdf="http://a.example/a.pdf"))
)
for problem in wrong.problems():
    print(problem)

# An account also validates what its own gateway requires.
try:
    Account("0123456789abcdef", dialect="sinch").encode(SendMMS(base.slide("Hi!"), to="+1 (555) 123-4888", sender="28444"))
except SkymmsError as error:
    print(f"{type(error).__name__}, before anything was sent:\n{error}")
