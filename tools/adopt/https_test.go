package adopt

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const certificate = "arn:aws:acm:eu-west-1:111122223333:certificate/1"

const balancerARN = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/films-alb/1"

// The parts of a deployment that serves HTTPS.
var (
	balancer = [2]string{"aws_lb.mediaserver", `{"name":"films-alb","arn":"` + balancerARN + `","dns_name":"films-1.elb.amazonaws.com"}`}
	https    = listener(443, `{"type":"forward"}`)
)

func listener(port int, action string) [2]string {
	name := map[int]string{80: "mediaserver", 443: "tls"}[port]
	protocol := map[int]string{80: "HTTP", 443: "HTTPS"}[port]
	return [2]string{"aws_lb_listener." + name, `{"arn":"arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/` + name + `","load_balancer_arn":"` + balancerARN + `","port":` +
		map[int]string{80: "80", 443: "443"}[port] + `,"protocol":"` + protocol + `","certificate_arn":"` + certificate + `","default_action":[` + action + `]}`}
}

func record(attributes string) [2]string {
	return [2]string{"aws_route53_record.mediaserver", `{"zone_id":"Z1","type":"A",` + attributes + `}`}
}

func httpsSettings(adopted *Adoption) map[string]any {
	settings := map[string]any{}
	for _, setting := range adopted.Settings {
		if setting.Key == "domainName" || setting.Key == "hostedZoneId" || setting.Key == "certificateArn" {
			settings[setting.Key] = setting.Value
		}
	}
	return settings
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
			if got := httpsSettings(adopted); !reflect.DeepEqual(got, test.want) {
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
		"aws_lb_listener.tls: default_action.type: fixed-response → forward: the program's listener on port 443 forwards":     {listener(80, `{"type":"redirect","redirect":[{"host":"films.example.com"}]}`), listener(443, `{"type":"fixed-response"}`)},
		"aws_lb_listener.mediaserver: its action is fixed-response, and the guide's listener forwards, or redirects to HTTPS": {listener(80, `{"type":"fixed-response"}`)},
	} {
		_, err := Read(least(t, append(instances, balancer)...), Options{Project: project(t)})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestWithHTTPSPlainHTTPThatIsStillServedBecomesARedirect(t *testing.T) {
	adopted := adopt(t, least(t, balancer, https, listener(80, `{"type":"forward"}`),
		[2]string{"aws_acm_certificate.films", `{"arn":"` + certificate + `","domain_name":"films.example.com"}`}))
	want := Difference{Address: "aws_lb_listener.mediaserver", Attribute: "default_action.type", Change: "forward → redirect"}
	if !slices.Contains(adopted.Differences, want) {
		t.Errorf("the differences are %v, want %v", adopted.Differences, want)
	}
}

func TestHTTPSOfAnotherLoadBalancerStaysWithTerraform(t *testing.T) {
	const shop = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/shop/2"
	shopTLS := [2]string{"aws_lb_listener.shop", `{"arn":"arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/shop","load_balancer_arn":"` + shop +
		`","port":443,"protocol":"HTTPS","certificate_arn":"arn:aws:acm:eu-west-1:111122223333:certificate/2","default_action":[{"type":"forward"}]}`}
	shopRecord := [2]string{"aws_route53_record.shop", `{"zone_id":"Z2","type":"A","fqdn":"shop.example.com","alias":[{"name":"shop-2.elb.amazonaws.com"}]}`}
	attributes := `{"name":"shop","arn":"` + shop + `","dns_name":"shop-2.elb.amazonaws.com"}`
	filmsRecord := record(`"fqdn":"films.example.com","alias":[{"name":"films-1.elb.amazonaws.com"}]`)
	plain := listener(80, `{"type":"forward"}`)
	whole := map[string]any{"domainName": "films.example.com", "certificateArn": certificate, "hostedZoneId": "Z1"}
	another, films := [2]string{"aws_lb.shop", attributes}, [2]string{"aws_lb.films", balancer[1]}
	for name, test := range map[string]struct {
		instances [][2]string
		mappings  []Mapping
		want      map[string]any
		balancers []string // that stay with Terraform
	}{
		"beside the guide's":    {[][2]string{balancer, another, https, filmsRecord}, nil, whole, []string{another[0]}},
		"beside plain HTTP":     {[][2]string{balancer, another}, nil, map[string]any{}, []string{another[0]}},
		"beside the mapped one": {[][2]string{films, another, https, filmsRecord}, []Mapping{{films[0], "mediaserver"}}, whole, []string{another[0]}},
		"that has the guide's name": {[][2]string{films, {"aws_lb.mediaserver", attributes}, https, filmsRecord}, []Mapping{{films[0], "mediaserver"}}, whole,
			[]string{"aws_lb.mediaserver"}},
		"that is left": {[][2]string{films, another, https, filmsRecord}, []Mapping{{another[0], Leave}}, whole, []string{films[0], another[0]}},
	} {
		t.Run(name, func(t *testing.T) {
			adopted, err := Read(least(t, append(test.instances, plain, shopTLS, shopRecord)...), Options{Project: project(t), Mappings: test.mappings})
			if err != nil {
				t.Fatal(err)
			}
			if got := httpsSettings(adopted); !reflect.DeepEqual(got, test.want) {
				t.Errorf("the settings are %v, want %v", got, test.want)
			}
			var unknown []string
			for _, each := range adopted.Unknown {
				unknown = append(unknown, each.Address)
			}
			want := append(test.balancers, shopTLS[0], shopRecord[0])
			if !slices.Equal(unknown, want) {
				t.Errorf("unknown are %v, want %v", unknown, want)
			}
		})
	}
}

func TestThePlainListenerIsTheOneOnPort80OfTheStacksOwnLoadBalancer(t *testing.T) {
	const shop = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/shop/2"
	of := func(address, balancer string, port int) [2]string {
		return [2]string{address, fmt.Sprintf(`{"arn":"arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/%s","load_balancer_arn":"%s","port":%d,"protocol":"HTTP","default_action":[{"type":"forward"}]}`,
			address, balancer, port)}
	}
	shops := [2]string{"aws_lb.shop", `{"name":"shop","arn":"` + shop + `","dns_name":"shop-2.elb.amazonaws.com"}`}
	for name, test := range map[string]struct {
		instances [][2]string
		want      string // the address that is adopted, if any
	}{
		"by the guide's name":        {[][2]string{balancer, of("aws_lb_listener.mediaserver", balancerARN, 80)}, "aws_lb_listener.mediaserver"},
		"by another name":            {[][2]string{balancer, of("aws_lb_listener.http", balancerARN, 80)}, "aws_lb_listener.http"},
		"of another type's name":     {[][2]string{balancer, of("aws_alb_listener.http", balancerARN, 80)}, "aws_alb_listener.http"},
		"that is another's":          {[][2]string{balancer, shops, of("aws_lb_listener.mediaserver", shop, 80)}, ""},
		"beside another's":           {[][2]string{balancer, shops, of("aws_lb_listener.mediaserver", shop, 80), of("aws_lb_listener.http", balancerARN, 80)}, "aws_lb_listener.http"},
		"beside the one on port 443": {[][2]string{balancer, https, record(`"fqdn":"films.example.com","alias":[{"name":"films-1.elb.amazonaws.com"}]`), of("aws_lb_listener.http", balancerARN, 80)}, "aws_lb_listener.http"},
	} {
		t.Run(name, func(t *testing.T) {
			adopted, err := Read(least(t, test.instances...), Options{Project: project(t)})
			if err != nil {
				t.Fatal(err)
			}
			if theirs, _ := adopted.find(plainListener); theirs.Address != test.want {
				t.Errorf("the listener is %q, want %q", theirs.Address, test.want)
			}
		})
	}
	_, err := Read(least(t, balancer, of("aws_lb_listener.mediaserver", balancerARN, 8080), of("aws_lb_listener.http", balancerARN, 80)), Options{Project: project(t)})
	if want := "the state has aws_lb_listener.mediaserver and aws_lb_listener.http; choose one with --map"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
	_, err = Read(least(t, balancer, shops, of("aws_lb_listener.shop", shop, 80)), Options{Project: project(t), Mappings: []Mapping{{"aws_lb_listener.shop", "mediaserver"}}})
	if want := "aws_lb_listener.shop: it is a listener of another load balancer than aws_lb.mediaserver, and would be replaced; map one of that load balancer's, or none"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
