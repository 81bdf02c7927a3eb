# A client of Skycore 1.3 in Ruby: HTTParty posts the bare document without a header, and the client parses the body itself.
# HTTParty parses a body that is declared as XML, and then there is no text left to parse.
#
# Usage: ruby skycore.rb URL KEY
# Prints one line of JSON for each call: the fields of its response.

require "httparty"
require "json"

URL, KEY = ARGV

def call(action, inside)
  xml = %(<?xml version="1.0" encoding="UTF-8"?>\n) +
        "<REQUEST><ACTION>#{action}</ACTION><API_KEY>#{KEY}</API_KEY>#{inside}</REQUEST>"
  answer = HTTParty.post(URL, body: xml, timeout: 20)
  text = answer.parsed_response
  raise "HTTParty has parsed the response to a #{text.class}" unless text.is_a?(String)

  fields = MultiXml.parse(text).fetch("RESPONSE")
  # Either of them is a failure.
  fields["failed"] = fields["STATUS"] == "Failure" || fields.key?("ERRORCODE")
  puts JSON.generate({ "call" => action }.merge(fields))
  fields
end

slide = "<SLIDE><TEXT>Grüße 🎉\nTwo</TEXT></SLIDE>"
to = "<TO>15551234888</TO><FROM>60856</FROM>"

call("sendMMS", "#{to}<SUBJECT>Free</SUBJECT><NAME>n</NAME>#{slide}")
saved = call("saveMMS", "<NAME>n</NAME><FALLBACKSMSTEXT>f</FALLBACKSMSTEXT>#{slide}")
custom = "<CUSTOMTEXT><VALUE>Hello</VALUE><SLIDE>1</SLIDE></CUSTOMTEXT>"
# The address of a picture for one slide is in no document of the vendor's, and is ignored.
picture = "<IMAGE><URL>http://media.example/a.jpg</URL><SLIDE>1</SLIDE></IMAGE>"
call("sendSavedMMS", "<MMSID>#{saved["MMSID"]}</MMSID>#{to}<OPERATORID>4</OPERATORID>#{custom}#{picture}")
call("getMmsIds", "")
call("deleteMMSID", "<MMSID>#{saved["MMSID"]}</MMSID>")
call("getMmsIds", "")
call("sendSavedMMS", "<MMSID>#{saved["MMSID"]}</MMSID>#{to}")
call("createMMSCampaign", "<CAMPAIGNNAME>Winter Sale</CAMPAIGNNAME><BRANDNAME>Shop</BRANDNAME>")
call("sendSMS", "#{to}<TEXT>Hi!</TEXT>")
call("createAccountSession", "")
