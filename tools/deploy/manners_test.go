package deploy

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mediaserver/tools/fakeaws"
)

func TestADryRunPrintsEveryStepAndChangesNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.service.Desired = 0
	s.MinCapacity["service/mediaserver-cluster/mediaserver-service"] = 2
	s.deploy("--dry-run").expect(0,
		"look:      aws ecs describe-services --cluster mediaserver-cluster --services mediaserver-service --region eu-west-2 --output json\n",
		"look:      aws ecs describe-task-definition --task-definition "+stackRevision+" --include TAGS --region eu-west-2 --output json\n",
		"look:      aws elbv2 describe-target-groups --target-group-arns "+targets,
		"look:      aws application-autoscaling describe-scalable-targets --service-namespace ecs",
		"would run: aws ecr get-authorization-token --region eu-west-2 --output json\n",
		"would push: "+s.image+" as "+repository+":latest\n",
		"would run: aws ecs update-service --cluster mediaserver-cluster --service mediaserver-service --task-definition "+stackRevision+" --force-new-deployment --desired-count 2 --region eu-west-2 --output json\n",
		"would run: aws ecs describe-services --cluster mediaserver-cluster", "would run: aws ecs list-tasks --cluster mediaserver-cluster",
		"would run: curl ", "http://"+loadBalancer+"/health\n", "Nothing was changed.\n").unchanged()
	if looks, calls := strings.Count(newStage(t).deploy("--dry-run", "--tag", "v2").expect(0,
		"would push: ", repository+":v2\n",
		"would run: aws ecs register-task-definition --cli-input-json file://task-definition.json --region eu-west-2 --output json\n",
		"(task-definition.json: "+stackRevision+" with the image "+repository+":v2)\n",
		"--task-definition mediaserver:NEW --force-new-deployment").unchanged().output, "look: "), 5; looks != calls {
		t.Errorf("printed %d looks, made %d", looks, calls)
	}
	s = newStage(t)
	s.put("latest", imageFor(t, "linux/amd64"))
	s.run("--skip-push", "--dry-run").expect(0, "look:      aws ecr batch-get-image --repository-name mediaserver --image-ids imageDigest="+s.Digest("mediaserver", "latest"),
		"Nothing was changed.").lacks(" docker ").lacks("nobody-may-see").unchanged()
	s, digests := after(t, ran{name: "A"}, ran{name: "B"})
	s.run("--rollback", "--dry-run").expect(0, "Going back to "+repository+":a ("+digests["A"]+")", "look:      aws ecs list-service-deployments --cluster mediaserver-cluster",
		"(task-definition.json: "+family+"5 with each image named by the digest that ran)", "--task-definition mediaserver:NEW", "Nothing was changed.").unchanged()
}

func TestNoSecretIsPrinted(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*stage){
		"success":      func(*stage) {},
		"login failed": func(s *stage) { s.Always("registry POST", fakeaws.Response{Status: 403, Body: "{}"}) },
		"rolled back":  func(s *stage) { s.service.Looks = []object{s.look(2, 2, oldPutBack, ourFailed)} },
		"refused":      func(s *stage) { s.Always("RegisterTaskDefinition", fakeaws.Refuses("ClientException", "invalid")) },
	} {
		s := newStage(t)
		change(s)
		if r := s.deploy("--tag", "v2").lacks("nobody-may-see"); (r.code == 0) != (name == "success") {
			t.Errorf("%s: exit code %d\n%s", name, r.code, r.output)
		}
	}
}

func TestWrongUsageIsRefusedBeforeAnythingIsCalled(t *testing.T) {
	t.Parallel()
	for words, says := range map[string]string{
		"":                                              "name the image to push with --image",
		"--image a --skip-push":                         "exclude each other",
		"--rollback --skip-push":                        "excludes --image, --tag and --skip-push",
		"--rollback --image a":                          "excludes --image, --tag and --skip-push",
		"--rollback --tag v1":                           "excludes --image, --tag and --skip-push",
		"--rollback=v1":                                 `"v1" for "--rollback"`,
		"--skip-push --outputs a --stack b":             "exclude each other",
		"--skip-push --tag":                             "needs an argument: --tag",
		"--skip-push --tag=":                            `for "--tag" flag: it needs a value`,
		"--skip-push --tag bad/tag":                     "is not an image tag",
		"--skip-push --tag -v1":                         "is not an image tag",
		"--image -v1":                                   "is not an image",
		"--skip-push --timeout soon":                    `"--timeout" flag: it must be a number of seconds`,
		"--skip-push --health-timeout 1.5":              `"--health-timeout" flag: it must be a number of seconds`,
		"--skip-push --poll -1":                         `"--poll" flag: it must be a number of seconds`,
		"--skip-push --timeout 99999999999999999999":    `"--timeout" flag: it must be a number of seconds`,
		"--skip-push --timeout 0900":                    `"--timeout" flag: it must be a number of seconds`,
		"--skip-push --count 010":                       `"--count" flag: it must be a number above 0`,
		"--skip-push --count 0":                         `"--count" flag: it must be a number above 0`,
		"--skip-push --count many":                      `"--count" flag: it must be a number above 0`,
		"--skip-push --dry-run=yes":                     `"yes" for "--dry-run"`,
		"--skip-push --force":                           "unknown flag: --force",
		"v2 --skip-push":                                "unknown argument 'v2'",
		"--skip-push --tag " + strings.Repeat("a", 129): "is not an image tag",
	} {
		var printed buffer
		code := Run(t.Context(), strings.Fields(words), Surroundings{Stdout: &printed, Stderr: &printed})
		if code != 2 || !strings.Contains(printed.String(), says) || strings.Count(printed.String(), "\n") != 1 {
			t.Errorf("%s: %d, %q, want 2 and %q in one line", words, code, printed.String(), says)
		}
	}
}

func TestHelpNamesEveryExitCode(t *testing.T) {
	t.Parallel()
	var printed buffer
	if code := Run(t.Context(), []string{"--help"}, Surroundings{Stdout: &printed}); code != 0 || printed.String() != usage {
		t.Errorf("exit code %d, %q", code, printed.String())
	}
	source, err := os.ReadFile("options.go")
	if err != nil {
		t.Fatal(err)
	}
	codes := regexp.MustCompile(`\n\texit\w+ += (\d+)`).FindAllStringSubmatch(string(source), -1)
	page, err := os.ReadFile("../../docs/deploying.md")
	if err != nil {
		t.Fatal(err)
	}
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
	s.put("latest", imageFor(t, "linux/amd64"))
	file := filepath.Join(t.TempDir(), "outputs.json")
	if err := os.WriteFile(file, []byte("\ufeff"+mustText(t, s.outputs)), 0o600); err != nil {
		t.Fatal(err)
	}
	var printed buffer
	Run(t.Context(), []string{"--skip-push", "--outputs", file, "--poll", "0"}, Surroundings{Stdout: &printed, Stderr: &printed, Terminal: true, Transport: s})
	result{t, s, 0, printed.String()}.expect(0, "\r\x1b[K"+ourDeployment+": IN_PROGRESS, 1 of 2 running, 1 pending, 0 failed (0 s)\nDeployment "+ourDeployment+" is complete")
}

func TestALastingErrorOfAWSIsToldWholeAndOnce(t *testing.T) {
	t.Parallel()
	for action, code := range map[string]int{
		"DescribeServices": 14, "UpdateService": 14, "DescribeTaskDefinition": 14, "RegisterTaskDefinition": 14, "DescribeTargetGroups": 14,
		"DescribeImages": 14, "GetAuthorizationToken": 6,
	} {
		s := newStage(t)
		s.Always(action, fakeaws.Refuses("AccessDeniedException", "User is not authorized"))
		if r := s.deploy("--tag", "v2").expect(code, ": AccessDeniedException: User is not authorized\n"); strings.Count(r.output, "not authorized") != 1 {
			t.Errorf("%s: told more than once:\n%s", action, r.output)
		}
	}
	s := newStage(t)
	s.Always("DescribeTaskDefinition", fakeaws.Refuses("ThrottlingException", "Rate exceeded"))
	s.deploy().expect(14, "cannot read task definition "+stackRevision+": ThrottlingException: Rate exceeded")
	s = newStage(t)
	s.Next("UpdateService", fakeaws.Response{Change: func(object) {
		s.Always("DescribeServices", fakeaws.Refuses("ExpiredTokenException", "The security token included in the request is expired"))
	}})
	s.deploy().expect(14, "is expired", "deployment "+ourDeployment+" goes on in ECS")
}

func TestOfAPageOfHTMLOnlyTheTitleIsPrinted(t *testing.T) {
	t.Parallel()
	for body, says := range map[string]string{
		"<!DOCTYPE html>\n<HTML>\n<head><title>502 Bad\nGateway</title></head>\n<body></body></html>\n": "(an HTML page: 502 Bad Gateway)\n",
		"<html><head><Title lang=\"de\" dir='ltr'>\n  Kein Zugang\n</title>":                            "(an HTML page: Kein Zugang)\n",
		"<html><titles>of films</titles></html>":                                                        "(an HTML page)\n",
		"<html><title>" + strings.Repeat("0123456789", 50) + "</title></html>":                          "(an HTML page: " + strings.Repeat("0123456789", 10) + ")\n",
		"<html><body>\nblocked\n</body></html>":                                                         "(an HTML page)\n",
	} {
		s := newStage(t)
		s.Always("DescribeServices", fakeaws.Response{Status: 403, Body: body})
		s.deploy().expect(14, "AWS's answer (status 403) cannot be read: "+says).lacks("<")
		s = newStage(t)
		s.Always("registry POST", fakeaws.Response{Status: 403, Body: body})
		s.deploy().expect(7, says).lacks("<").notStarted()
	}
}

func TestAFailedLoginOrPushIsTold(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.Always("GetAuthorizationToken", fakeaws.Response{Output: object{"authorizationData": []object{{"authorizationToken": "QVdTOm9sZA=="}}}})
	s.deploy().expect(6, "cannot log in to "+registry+": ", "Your authorization token has expired").notStarted()
	s = newStage(t)
	s.Always("GetAuthorizationToken", fakeaws.Response{Output: object{"authorizationData": []object{}}})
	s.deploy().expect(6, "AWS answered without a password").notStarted()
	s = newStage(t)
	s.Always("registry PUT", fakeaws.Response{Status: 400, Body: `{"errors": [{"code": "TAG_INVALID", "message": "The image tag 'latest' already exists and cannot be overwritten"}]}`})
	s.deploy().expect(7, "cannot push "+repository+":latest: ", "already exists and cannot be overwritten").notStarted()
	s = newStage(t)
	s.Always("DescribeImages", fakeaws.Refuses("ImageNotFoundException", "no"))
	s.deploy().expect(7, repository+":latest was pushed, but the registry does not have it").notStarted()
}

// network leads every name to one address.
func network(server *httptest.Server, trusted *x509.CertPool) *http.Transport {
	address, _ := url.Parse(server.URL)
	return &http.Transport{Proxy: http.ProxyURL(address), TLSClientConfig: &tls.Config{RootCAs: trusted}}
}

func TestWhyARequestReachedNobodyIsToldWholeAndOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.outputs["appUrl"] = "https://media.example.com"
	proxy, certificate, err := s.Proxy("ecs.eu-west-2.amazonaws.com", "api.ecr.eu-west-2.amazonaws.com", "elasticloadbalancing.eu-west-2.amazonaws.com", "media.example.com")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(certificate)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	refused := &httptest.Server{URL: "http://" + closed.Addr().String()}
	once := func(transport *http.Transport, code int, says string, words ...string) {
		t.Helper()
		r := s.runIn(t.Context(), transport, append([]string{"--image", s.image}, words...)...).expect(code, says)
		if lines := strings.Split(strings.TrimSpace(r.output), "\n"); strings.Count(lines[len(lines)-1], says) != 1 {
			t.Errorf("told as %q", lines)
		}
	}
	once(network(server, trusted), 0, "Deployed ")
	once(network(server, x509.NewCertPool()), 14, "cannot read service mediaserver-service: ecs.eu-west-2.amazonaws.com: tls: failed to verify certificate: x509: certificate signed by unknown authority")
	once(network(refused, trusted), 14, "cannot read service mediaserver-service: ecs.eu-west-2.amazonaws.com: proxyconnect tcp: dial tcp "+closed.Addr().String()+": connect: connection refused")
	// The domain's certificate is looked at where the load balancer is asked, and is for another name here.
	s.outputs["appUrl"] = "https://films.example.com"
	once(network(server, trusted), 13, "https://films.example.com/health does not answer 200 after 0 s: tls: failed to verify certificate: x509: certificate is valid for ", "--health-timeout", "0")
}

func TestMissingCredentialsAreToldAsSuch(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "false")
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://"+closed.Addr().String())
	s := newStage(t)
	s.deploy().expect(14, "cannot get AWS credentials; set AWS_PROFILE, ").lacks("trying again")
	if calls := s.Calls(); len(calls) > 0 {
		t.Errorf("called %v", calls)
	}
}

func TestAProxyThatIsNoneIsRefusedWithoutItsPassword(t *testing.T) {
	for _, name := range []string{"HTTPS_PROXY", "http_proxy"} {
		for _, address := range []string{
			"http://user:1234#56@proxy:80", "http://user:1234/56@proxy:80", "user:1234?56@proxy:80", "http://user:1234%zz@proxy:80",
			"http://user:1234@proxy:port", "proxy:80:user:1234", "http:///user:1234@proxy",
		} {
			t.Setenv(name, address)
			s := newStage(t)
			s.deploy().expect(14, strings.ToUpper(name)+" is not the address of a proxy: it must be http://").lacks("1234")
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
