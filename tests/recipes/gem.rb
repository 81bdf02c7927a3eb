# Stands in for the gem `skycore`: the same calls send the same documents, bare, through HTTParty.
#
# Usage: ruby gem.rb PROGRAM URL KEY

require "httparty"

PROGRAM, URL, KEY = ARGV

class Skycore
  def initialize(key, sender)
    @key = key
    @sender = sender
  end

  def save_mms(subject, text, fallback, attachments = [])
    files = attachments.map { |one| "<#{one[:type]}><URL>#{one[:url]}</URL></#{one[:type]}>" }.join
    call("saveMMS", "<SUBJECT>#{subject}</SUBJECT><NAME>welcome</NAME><FALLBACKSMSTEXT>#{fallback}</FALLBACKSMSTEXT>" \
                    "<SLIDE><TEXT>#{text}</TEXT>#{files}</SLIDE>")
  end

  def send_saved_mms(to, id, fallback, options = {})
    operator = options[:operator_id] ? "<OPERATORID>#{options[:operator_id]}</OPERATORID>" : ""
    subject = options[:subject] ? "<CUSTOMSUBJECT>#{options[:subject]}</CUSTOMSUBJECT>" : ""
    text = options[:content]
    custom = text ? "<CUSTOMTEXT><VALUE>#{text}</VALUE><SLIDE>1</SLIDE></CUSTOMTEXT>" : ""
    call("sendSavedMMS", "<MMSID>#{id}</MMSID><TO>#{to}</TO><FALLBACKSMSTEXT>#{fallback}</FALLBACKSMSTEXT>" \
                         "#{operator}<FROM>#{@sender}</FROM>#{subject}#{custom}")
  end

  def call(action, inside)
    document = %(<?xml version="1.0" encoding="UTF-8"?><REQUEST><ACTION>#{action}</ACTION>) +
               "<API_KEY>#{@key}</API_KEY>#{inside}</REQUEST>"
    fields = MultiXml.parse(HTTParty.post(URL, body: document, timeout: 20).body).fetch("RESPONSE")
    raise "Skycore error: #{fields["ERRORCODE"]} - #{fields["ERRORINFO"]}" if fields["STATUS"] != "Success"

    fields
  end
end

eval(File.read(PROGRAM), binding, PROGRAM)
