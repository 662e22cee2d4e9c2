package deploy

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"mediaserver/tools/fakeaws"
)

func TestADryRunPrintsEveryStepAndChangesNothing(t *testing.T) {
	t.Parallel()
	const update = "would run: aws ecs update-service --cluster mediaserver-cluster --service mediaserver-service --task-definition "
	s := newStage(t)
	s.service.Desired = 0
	s.run("--dry-run").expect(0,
		"would push: "+s.image+" as "+repository+":latest\n"+update+stackRevision+" --force-new-deployment --desired-count 1 --region eu-west-2\n"+
			"would run: aws ecs describe-services --cluster mediaserver-cluster --services mediaserver-service --region eu-west-2\n"+
			"would run: curl ", "http://"+loadBalancer+"/health\nNothing was changed.\n").unchanged()
	newStage(t).run("--dry-run --tag v2").expect(0, repository+":v2\nwould run: aws ecs register-task-definition --cli-input-json file://task-definition.json --region eu-west-2\n"+
		"           (task-definition.json: "+stackRevision+" with the images sidecar: public.ecr.aws/sidecar:1, mediaserver: "+repository+":v2)\n"+update+"mediaserver:NEW ").unchanged()
	s = newStage(t)
	record(a, b)(s)
	s.run("--rollback --dry-run").expect(0, "(task-definition.json: "+family+"5 with the images sidecar: public.ecr.aws/sidecar@sha256:sidecar, mediaserver: "+repository+"@{a})\n",
		update+"mediaserver:NEW ", "Nothing was changed.").unchanged()
	s = newStage(t)
	busy(x, a)(s)
	s.run("--rollback --dry-run").expect(0, "would run: aws ecs stop-service-deployment --service-deployment-arn arn:aws:ecs:eu-west-2:123456789012:service-deployment/mediaserver-cluster/mediaserver-service/",
		" --stop-type ROLLBACK --region eu-west-2\n", "Nothing was changed.").unchanged()
}

func TestWrongUsageIsRefusedBeforeAnythingIsCalled(t *testing.T) {
	t.Parallel()
	const whole = " flag: it must be a whole number of at most 6 digits"
	for words, says := range map[string]string{
		"":                                              "name the image to push with --image",
		"--image a --skip-push":                         "exclude each other",
		"--rollback --skip-push":                        "excludes --image, --tag and --skip-push",
		"--rollback --image a":                          "excludes --image, --tag and --skip-push",
		"--rollback --tag v1":                           "excludes --image, --tag and --skip-push",
		"--skip-push --outputs a --stack":               "needs an argument: --stack",
		"--skip-push --outputs a --stack b":             "exclude each other",
		"--skip-push --tag=":                            `for "--tag" flag: it needs a value`,
		"--skip-push --tag bad/tag":                     "is not an image tag",
		"--skip-push --tag " + strings.Repeat("a", 129): "is not an image tag",
		"--skip-push --timeout soon":                    `"--timeout"` + whole,
		"--skip-push --health-timeout 1.5":              `"--health-timeout"` + whole,
		"--skip-push --poll -1":                         `"--poll"` + whole,
		"--skip-push --timeout 1234567":                 `"--timeout"` + whole,
		"--skip-push --count 0":                         `"--count"` + whole + ", and a count above 0",
		"--skip-push --dry-run=yes":                     `"yes" for "--dry-run"`,
		"--skip-push --force":                           "unknown flag: --force",
		"v2 --skip-push":                                "unknown argument 'v2'",
	} {
		var printed bytes.Buffer
		code := Run(t.Context(), strings.Fields(words), Surroundings{Stdout: &printed, Stderr: &printed})
		if code != 2 || !strings.Contains(printed.String(), says) || strings.Count(printed.String(), "\n") != 1 {
			t.Errorf("%s: %d, %q, want 2 and %q in one line", words, code, printed.String(), says)
		}
	}
}

func TestHelpNamesEveryExitCode(t *testing.T) {
	t.Parallel()
	var printed bytes.Buffer
	if code := Run(t.Context(), []string{"--help"}, Surroundings{Stdout: &printed}); code != 0 || printed.String() != usage {
		t.Errorf("exit code %d, %q", code, printed.String())
	}
	source, err := os.ReadFile("options.go")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/deploying.md")
	if err != nil {
		t.Fatal(err)
	}
	codes := regexp.MustCompile(`\n\texit\w+ += (\d+)`).FindAllStringSubmatch(string(source), -1)
	for _, code := range codes {
		if !regexp.MustCompile(`(?m)^ *`+code[1]+`  \w`).MatchString(usage) || !strings.Contains(string(page), "| "+code[1]+" | ") {
			t.Errorf("--help or docs/deploying.md does not explain exit code %s", code[1])
		}
	}
	if len(codes) != 15 {
		t.Errorf("found %d exit codes", len(codes))
	}
}

func TestOnATerminalProgressIsOneLine(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	r := s.runIn(t.Context(), "", Surroundings{Terminal: true, Transport: s})
	r.expect(0, "\r\x1b[Kpushing: 0 of 0 MB (0 s)", "\r\x1b[K"+ourDeployment+": IN_PROGRESS, 1 of 2 running, 1 pending, 0 failed (0 s)\nDeployment "+ourDeployment+" is complete")
}

func TestALastingErrorOfAWSIsToldWholeAndOnce(t *testing.T) {
	t.Parallel()
	denied := fakeaws.Refuses("AccessDeniedException", "User is not authorized")
	var scenes []scene
	for action, says := range map[string]string{
		"DescribeServices": "aws ecs describe-services", "UpdateService": "aws ecs update-service", "RegisterTaskDefinition": "aws ecs register-task-definition",
		"DescribeTargetGroups": "aws elbv2 describe-target-groups", "DescribeImages": "aws ecr describe-images",
	} {
		scenes = append(scenes, scene{action, always(action, denied), "--tag v2", 14, []string{"deploy-app: " + says + ": AccessDeniedException: User is not authorized\n", "!trying again"}})
	}
	play(t, append(scenes, []scene{
		{"login", always("GetAuthorizationToken", denied), "", 6, []string{"cannot log in to " + registry + ": aws ecr get-authorization-token: AccessDeniedException: User is not authorized\n"}},
		{"five times", always("DescribeServices", fakeaws.Refuses("ThrottlingException", "Rate exceeded")), "", 14,
			[]string{strings.Repeat("deploy-app: aws ecs describe-services: ThrottlingException: Rate exceeded; trying again\n", 4) +
				"deploy-app: aws ecs describe-services: ThrottlingException: Rate exceeded\n"}},
		{"an answer of a proxy", always("DescribeServices", fakeaws.Response{Status: 403, Body: "<html><title>Blocked</title>\n</html>"}), "", 14,
			[]string{"aws ecs describe-services: the answer, of status 403, cannot be read: <html><title>Blocked</title> </html>\n"}},
		{"a long page of a proxy", always("registry POST", fakeaws.Response{Status: 403, Body: "<html>\n" + strings.Repeat("<br>", 1000)}), "", 7,
			[]string{"403 Forbidden: <html> <br>", "...\n", "!" + strings.Repeat("<br>", 250)}},
		{"after the start", onStart(func(s *stage) { s.Always("DescribeServices", denied) }), "", 14, []string{"not authorized\ndeploy-app: deployment " + ourDeployment + " goes on in ECS\n"}},
	}...))
}

func TestWhyARequestReachedNobodyIsToldWholeAndOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.outputs["appUrl"] = "https://media.example.com"
	proxy, certificate, err := s.Proxy("ecs.eu-west-2.amazonaws.com", "api.ecr.eu-west-2.amazonaws.com", "elasticloadbalancing.eu-west-2.amazonaws.com", "media.example.com")
	if err != nil {
		t.Fatal(err)
	}
	server, closed := httptest.NewServer(proxy), httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	closed.Close()
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(certificate)
	ends := func(through *httptest.Server, roots *x509.CertPool, words string, code int, says string) {
		t.Helper()
		address, err := url.Parse(through.URL)
		if err != nil {
			t.Fatal(err)
		}
		network := &http.Transport{Proxy: http.ProxyURL(address), TLSClientConfig: &tls.Config{RootCAs: roots}}
		r := s.runIn(t.Context(), words, Surroundings{Transport: network}).expect(code)
		if lines := strings.Split(strings.TrimSpace(r.output), "\n"); !strings.HasPrefix(lines[len(lines)-1], says) {
			t.Errorf("told as %q", lines)
		}
	}
	const call = `deploy-app: aws ecs describe-services: Post "https://ecs.eu-west-2.amazonaws.com/": `
	ends(server, trusted, "", 0, "Deployed ")
	ends(server, x509.NewCertPool(), "", 14, call+"tls: failed to verify certificate: x509: certificate signed by unknown authority")
	ends(closed, trusted, "", 14, call+"proxyconnect tcp: dial tcp "+closed.Listener.Addr().String()+": connect: connection refused")
	// The domain's certificate is looked at where the load balancer is asked, and is for another name here.
	s.outputs["appUrl"] = "https://films.example.com"
	ends(server, trusted, "--health-timeout 0", 13, "deploy-app: https://films.example.com/health does not answer 200 after 0 s: tls: failed to verify certificate: x509: certificate is valid for ")
}

func TestMissingCredentialsAreToldAsSuch(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	s := newStage(t)
	s.run("").expect(14, "cannot get AWS credentials; set AWS_PROFILE, ", "!trying again")
	if calls := s.Calls(); len(calls) > 0 {
		t.Errorf("called %v", calls)
	}
}

func TestAProxyThatIsNoneIsRefusedWithoutItsPassword(t *testing.T) {
	for _, name := range []string{"HTTPS_PROXY", "http_proxy"} {
		for _, address := range []string{
			"http://user:1234#56@proxy:80", "http://user:1234/56@proxy:80", "user:1234?56@proxy:80", "http://user:1234%zz@proxy:80",
			"proxy:80:user:1234", "http:///user:1234@proxy",
		} {
			t.Setenv(name, address)
			s := newStage(t)
			s.run("").expect(14, strings.ToUpper(name)+" is not the address of a proxy: it must be http://", "!1234")
			if calls := s.Calls(); len(calls) > 0 {
				t.Errorf("called %v", calls)
			}
		}
		for _, address := range []string{"proxy", "http://user:12%2F34@proxy:80/", "socks5://user:1234@[::1]:80", ""} {
			t.Setenv(name, address)
			if err := checkProxies(); err != nil {
				t.Errorf("%q: %v", address, err)
			}
		}
	}
}
