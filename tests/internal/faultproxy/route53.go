package faultproxy

import (
	"net/http"
	"regexp"
)

// route53Operations are the operations of Amazon Route 53 that providers call, by the method and the path of their
// requests (API reference).
var route53Operations = []struct {
	request   *regexp.Regexp
	operation string
}{
	{regexp.MustCompile(`^GET /2013-04-01/hostedzone/?$`), "ListHostedZones"},
	{regexp.MustCompile(`^GET /2013-04-01/hostedzone/[^/]+/?$`), "GetHostedZone"},
	{regexp.MustCompile(`^GET /2013-04-01/hostedzone/[^/]+/rrset/?$`), "ListResourceRecordSets"},
	{regexp.MustCompile(`^POST /2013-04-01/hostedzone/[^/]+/rrset/?$`), "ChangeResourceRecordSets"},
	{regexp.MustCompile(`^GET /2013-04-01/change/[^/]+/?$`), "GetChange"},
	{regexp.MustCompile(`^GET /2013-04-01/tags/hostedzone/[^/]+/?$`), "ListTagsForResource"},
}

// Route53Operation names the operation of a request to Amazon Route 53, which is in neither a header nor a form. Empty
// for a request to another service, or one that is not known.
func Route53Operation(request *http.Request) string {
	for _, each := range route53Operations {
		if each.request.MatchString(request.Method + " " + request.URL.Path) {
			return each.operation
		}
	}
	return ""
}
