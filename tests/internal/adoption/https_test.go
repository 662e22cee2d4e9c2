package adoption

import (
	"reflect"
	"strings"
	"testing"
)

const certificate = "arn:aws:acm:eu-west-1:111122223333:certificate/1"

// The parts of a deployment that serves HTTPS.
var (
	balancer = [2]string{"aws_lb.mediaserver", `{"name":"films-alb","arn":"arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/films-alb/1","dns_name":"films-1.elb.amazonaws.com"}`}
	https    = listener(443, `{"type":"forward"}`)
)

func listener(port int, action string) [2]string {
	name := map[int]string{80: "mediaserver", 443: "tls"}[port]
	protocol := map[int]string{80: "HTTP", 443: "HTTPS"}[port]
	return [2]string{"aws_lb_listener." + name, `{"arn":"arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/` + name + `","port":` +
		map[int]string{80: "80", 443: "443"}[port] + `,"protocol":"` + protocol + `","certificate_arn":"` + certificate + `","default_action":[` + action + `]}`}
}

func record(attributes string) [2]string {
	return [2]string{"aws_route53_record.mediaserver", `{"zone_id":"Z1","type":"A",` + attributes + `}`}
}

func TestTheDomainIsReadFromWhateverSaysIt(t *testing.T) {
	redirect := listener(80, `{"type":"redirect","redirect":[{"host":"#{host}"}]}`)
	plain := map[string]any{"domainName": "films.example.com", "certificateArn": certificate}
	inZone := map[string]any{"domainName": "films.example.com", "certificateArn": certificate, "hostedZoneId": "Z1"}
	for name, test := range map[string]struct {
		instances [][2]string
		want      map[string]any
	}{
		"an alias record":          {[][2]string{redirect, record(`"name":"films","fqdn":"Films.example.com","alias":[{"name":"films-1.elb.amazonaws.com"}]`)}, inZone},
		"one made in the console":  {[][2]string{redirect, record(`"name":"films.example.com","alias":[{"name":"dualstack.Films-1.elb.amazonaws.com."}]`)}, inZone},
		"the redirect":             {[][2]string{listener(80, `{"type":"redirect","redirect":[{"host":"films.example.com"}]}`)}, plain},
		"the certificate":          {[][2]string{redirect, {"aws_acm_certificate.films", `{"arn":"` + certificate + `","domain_name":"films.example.com"}`}}, plain},
		"beside a weighted record": {[][2]string{listener(80, `{"type":"redirect","redirect":[{"host":"films.example.com"}]}`), record(`"fqdn":"films.example.com","set_identifier":"a","alias":[{"name":"films-1.elb.amazonaws.com"}]`)}, plain},
		"beside another's record":  {[][2]string{listener(80, `{"type":"redirect","redirect":[{"host":"films.example.com"}]}`), record(`"fqdn":"films.example.com","alias":[{"name":"d1.cloudfront.net"}]`)}, plain},
	} {
		t.Run(name, func(t *testing.T) {
			adopted := adopt(t, least(t, append(test.instances, balancer, https)...))
			got := map[string]any{}
			for _, setting := range adopted.Settings {
				if setting.Key == "domainName" || setting.Key == "hostedZoneId" || setting.Key == "certificateArn" {
					got[setting.Key] = setting.Value
				}
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("the settings are %v, want %v", got, test.want)
			}
			if _, isFound := adopted.find(aliasRecord); isFound != (test.want["hostedZoneId"] != nil) {
				t.Errorf("that the record is adopted is %t", isFound)
			}
		})
	}
}

func TestListenersThatTheProgramWouldNotMakeAreRefused(t *testing.T) {
	redirect := listener(80, `{"type":"redirect","redirect":[{"host":"#{host}"}]}`)
	wildcard := [2]string{"aws_acm_certificate.films", `{"arn":"` + certificate + `","domain_name":"*.example.com"}`}
	for want, instances := range map[string][][2]string{
		"aws_lb_listener.mediaserver: its action is redirect, and no listener on port 443 is to be adopted":                   {redirect},
		"aws_lb_listener.tls: the state does not say at which domain it answers":                                              {redirect, https, wildcard},
		"aws_lb_listener.tls: its action is fixed-response, and the program's listener on port 443 forwards":                  {redirect, listener(443, `{"type":"fixed-response"}`)},
		"aws_lb_listener.mediaserver: its action is fixed-response, and the guide's listener forwards, or redirects to HTTPS": {listener(80, `{"type":"fixed-response"}`)},
	} {
		_, err := Read(least(t, append(instances, balancer)...), Options{Project: project(t)})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestWithHTTPSPlainHTTPThatIsStillServedIsRemarked(t *testing.T) {
	adopted := adopt(t, least(t, balancer, https, listener(80, `{"type":"forward"}`),
		[2]string{"aws_acm_certificate.films", `{"arn":"` + certificate + `","domain_name":"films.example.com"}`}))
	if remarks := strings.Join(adopted.Remarks, "\n"); !strings.Contains(remarks, "from the first update on it redirects to https://films.example.com") {
		t.Errorf("the remarks are %s", remarks)
	}
}
