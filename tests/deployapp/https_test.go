package deployapp

import (
	"strings"
	"testing"
)

// onADomain is the happy stage of a stack with HTTPS on a domain.
func onADomain() stage {
	served := outputs()
	served["appUrl"] = "https://media.example.com"
	return happy().but("pulumi", says(served))
}

// atTheLoadBalancer is how curl asks for the domain there.
const atTheLoadBalancer = "--connect-to media.example.com:443:mediaserver-alb-1.eu-west-2.elb.amazonaws.com:443 https://media.example.com/health"

func TestADomainIsAskedForAtTheStacksLoadBalancer(t *testing.T) {
	result := deploy(t, onADomain())
	result.expect(t, 0, "https://media.example.com/health answers 200", "Deployed ")
	asked := result.called("curl")
	if len(asked) != 2 || !strings.HasSuffix(asked[0], atTheLoadBalancer) || strings.Contains(asked[1], "--connect-to") ||
		!strings.HasSuffix(asked[1], " https://media.example.com/health") {
		t.Errorf("asked %q", asked)
	}
	if strings.Contains(result.output, "Warning") {
		t.Errorf("warns of a domain that leads to the load balancer:\n%s", result.output)
	}
}

func TestADomainThatDoesNotLeadToTheLoadBalancerIsAWarning(t *testing.T) {
	for problem, elsewhere := range map[string]answer{
		"curl: (6) Could not resolve host: media.example.com": {stdout: "000", stderr: "curl: (6) Could not resolve host: media.example.com\n", exit: 6},
		"it answers 404": {stdout: "404"},
	} {
		result := deploy(t, onADomain().but("curl", says("200"), elsewhere))
		result.expect(t, 0, "https://media.example.com/health answers 200",
			"Warning: the load balancer answers for media.example.com, but from here the name does not lead to it: "+problem+
				"; its DNS record must be an alias of mediaserver-alb-1.eu-west-2.elb.amazonaws.com, or a CNAME", "Deployed ")
	}
}

func TestACertificateThatIsNotForTheDomainFails(t *testing.T) {
	const refused = "curl: (60) SSL: no alternative certificate subject name matches target host name 'media.example.com'"
	result := deploy(t, onADomain().but("curl", answer{stdout: "000", stderr: refused + "\n", exit: 60}), "--health-timeout", "0")
	result.expect(t, 13, "https://media.example.com/health does not answer 200 after 0 s: "+refused)
}

func TestPlainHTTPIsAskedForAtItsOwnAddress(t *testing.T) {
	result := deploy(t, happy())
	result.expect(t, 0, "answers 200")
	if asked := result.called("curl"); len(asked) != 1 || strings.Contains(asked[0], "--connect-to") {
		t.Errorf("asked %q", asked)
	}
}

func TestADryRunShowsHowADomainIsAskedFor(t *testing.T) {
	deploy(t, onADomain(), "--dry-run").expect(t, 0, "would run: curl --silent --show-error --output /dev/null", atTheLoadBalancer, "Nothing was changed.")
}
