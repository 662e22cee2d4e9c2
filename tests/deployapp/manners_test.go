package deployapp

import (
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestADryRunPrintsEveryCommandAndChangesNothing(t *testing.T) {
	t.Run("the stack's tag, an empty registry, and a service that asks for nothing", func(t *testing.T) {
		result := deploy(t, idle().but("aws_ecr_describe-images", notFound()), "--dry-run")
		result.expect(t, 0,
			"would run: aws ecr get-login-password --region eu-west-2 | docker login --username AWS --password-stdin "+registryHost,
			"would run: docker tag app:built "+repository+":latest",
			"would run: docker push "+repository+":latest",
			"would run: aws ecs update-service --cluster "+cluster+" --service "+serviceName+" --task-definition "+stackRevision+" --force-new-deployment --desired-count 2 --region eu-west-2 --output json",
			"would run: aws ecs describe-services --cluster "+cluster,
			"would run: aws ecs list-tasks --cluster "+cluster,
			"would run: curl ",
			"/health",
			"Nothing was changed.")
		result.expectUnchanged(t)
		for _, call := range result.calls {
			if strings.HasPrefix(call, "aws ") && !strings.Contains(result.output, "look:      "+call) {
				t.Errorf("did not print %q", call)
			}
		}
	})
	t.Run("another tag", func(t *testing.T) {
		result := deploy(t, happy(), "--dry-run", "--tag", "v2")
		result.expect(t, 0,
			"would run: docker push "+repository+":v2",
			"would run: aws ecs register-task-definition --cli-input-json file://task-definition.json",
			stackRevision+" with the image "+repository+":v2",
			"--task-definition mediaserver:NEW --force-new-deployment")
		result.expectUnchanged(t)
	})
	t.Run("what is in the registry", func(t *testing.T) {
		result := perform(t, happy(), options{}, "--skip-push", "--dry-run")
		result.expect(t, 0, "Nothing was changed.")
		result.expectUnchanged(t)
		if regexp.MustCompile(`\bdocker (image|login|tag|push)\b`).MatchString(result.output) {
			t.Error("speaks of docker")
		}
	})
}

func TestNoSecretIsPrintedNorPassedAsAnArgument(t *testing.T) {
	secretive := taskDefinition()
	const plain = "a-value-somebody-put-into-the-environment"
	container := secretive["taskDefinition"].(object)["containerDefinitions"].([]object)[1]
	container["environment"] = []object{{"name": "SOMETHING", "value": plain}}
	play := happy().but("aws_ecs_describe-task-definition", says(secretive))

	runs := map[string]performance{
		"success":      deploy(t, play, "--tag", "v2"),
		"dry run":      deploy(t, play, "--tag", "v2", "--dry-run"),
		"no push":      perform(t, play, options{}, "--skip-push", "--tag", "v2", "--poll", "0"),
		"login failed": deploy(t, play.but("docker_login", answer{stderr: "denied\n", exit: 1})),
		"rollback":     deploy(t, play.following(service(2, 2, ourStart), service(2, 2, oldPutBack, ourFailed)), "--tag", "v2"),
		"refused":      deploy(t, play.but("aws_ecs_register-task-definition", refuses("ClientException", "invalid")), "--tag", "v2"),
	}
	for name, result := range runs {
		t.Run(name, func(t *testing.T) {
			for _, secret := range []string{registrySecret, plain, layerAddress} {
				if strings.Contains(result.output, secret) {
					t.Errorf("printed %q", secret)
				}
				if strings.Contains(strings.Join(result.calls, "\n"), secret) {
					t.Errorf("passed %q as an argument", secret)
				}
			}
		})
	}
	if got := runs["success"].loginStdin; got != registrySecret+"\n" {
		t.Errorf("docker read %q as the password", got)
	}
	if got := runs["no push"].addressRead; !strings.Contains(got, layerAddress) {
		t.Errorf("curl read %q as its configuration", got)
	}

	t.Run("the registry's password under bash -x", func(t *testing.T) {
		traced := perform(t, play, options{trace: true}, "--image", "app:built", "--poll", "0")
		traced.expect(t, 0, "+ docker login")
		if strings.Contains(traced.output, registrySecret) {
			t.Error("the trace shows it")
		}
	})
}

func TestTheAWSCLINeitherWaitsForAReaderNorGivesUpAtOnce(t *testing.T) {
	// An unset pager is `less`, which would stop a deployment in a terminal.
	if got := deploy(t, happy()).environment; got != "\nstandard\n5\n" {
		t.Errorf("AWS_PAGER, AWS_RETRY_MODE and AWS_MAX_ATTEMPTS are %q", got)
	}
}

func TestWrongUsageIsRefusedBeforeAnythingIsCalled(t *testing.T) {
	for arguments, phrase := range map[string]string{
		"":                                              "name the local image to push with --image",
		"--image a --skip-push":                         "exclude each other",
		"--rollback --skip-push":                        "excludes --image, --tag and --skip-push",
		"--rollback --image a":                          "excludes --image, --tag and --skip-push",
		"--rollback --tag v1":                           "excludes --image, --tag and --skip-push",
		"--rollback=v1":                                 "--rollback takes no value",
		"--skip-push --outputs a --stack b":             "exclude each other",
		"--skip-push --tag":                             "--tag needs a value",
		"--skip-push --tag=":                            "--tag needs a value",
		"--skip-push --tag bad/tag":                     "is no image tag",
		"--skip-push --tag -v1":                         "is no image tag",
		"--skip-push --timeout soon":                    "--timeout must be a number of seconds",
		"--skip-push --health-timeout 1.5":              "--health-timeout must be a number of seconds",
		"--skip-push --poll -1":                         "--poll must be a number of seconds",
		"--skip-push --timeout 99999999999999999999":    "--timeout must be a number of seconds",
		"--skip-push --timeout 0900":                    "--timeout must be a number of seconds",
		"--skip-push --health-timeout 0600":             "--health-timeout must be a number of seconds",
		"--skip-push --poll 08":                         "--poll must be a number of seconds",
		"--skip-push --count 010":                       "--count must be a number above 0",
		"--skip-push --count 0":                         "--count must be a number above 0",
		"--skip-push --count many":                      "--count must be a number above 0",
		"--skip-push --dry-run=yes":                     "--dry-run takes no value",
		"--skip-push --force":                           "unknown argument '--force'",
		"v2":                                            "unknown argument 'v2'",
		"--skip-push --tag " + strings.Repeat("a", 129): "is no image tag",
	} {
		t.Run(arguments, func(t *testing.T) {
			result := perform(t, happy(), options{}, strings.Fields(arguments)...)
			result.expect(t, 2, phrase)
			if len(result.calls) > 0 {
				t.Errorf("called %q", result.calls)
			}
		})
	}
}

func TestATagIsNeededIfTheStacksImageHasNone(t *testing.T) {
	pinned := taskDefinition()
	pinned["taskDefinition"].(object)["containerDefinitions"].([]object)[1]["image"] = repository + "@" + imageDigest
	result := deploy(t, happy().but("aws_ecs_describe-task-definition", says(pinned)))
	result.expect(t, 2, "name one with --tag")
	result.expectUnchanged(t)
}

func TestHelpNamesEveryOptionAndEveryExitCode(t *testing.T) {
	result := perform(t, stage{}, options{without: []string{"aws", "jq", "curl", "docker", "pulumi"}}, "--help")
	result.expect(t, 0)
	source := read(t, script(t))

	codes := regexp.MustCompile(`(?m)^readonly exit_\w+=(\d+)$`).FindAllStringSubmatch(source, -1)
	if len(codes) < 10 {
		t.Fatalf("found %d exit codes in the script", len(codes))
	}
	for _, code := range codes {
		if !regexp.MustCompile(`(?m)^ *` + code[1] + `  \w`).MatchString(result.output) {
			t.Errorf("--help does not explain exit code %s", code[1])
		}
	}
	parsed := regexp.MustCompile(`(?m)^      (--[a-z-]+)\) `).FindAllStringSubmatch(source, -1)
	parsed = append(parsed, regexp.MustCompile(`(?m)^          (--[a-z-]+)\)`).FindAllStringSubmatch(source, -1)...)
	if len(parsed) < 12 {
		t.Fatalf("found %d options in the script", len(parsed))
	}
	for _, option := range parsed {
		if !strings.Contains(result.output, "\n  "+option[1]+" ") {
			t.Errorf("--help does not explain %s", option[1])
		}
	}
}

// interrupts sends a signal to the script once it has made the call.
func interrupts(t *testing.T, sent syscall.Signal, call string) func(*os.Process, string) {
	// A shell cannot catch what it was started to ignore, as under nohup. What a Go program
	// catches itself is neither caught nor ignored in those that it starts.
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, sent)
	t.Cleanup(func() { signal.Stop(caught) })
	return func(process *os.Process, directory string) {
		for {
			calls, err := os.ReadFile(filepath.Join(directory, "calls"))
			if err == nil && strings.Contains(string(calls), call) {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if err := process.Signal(sent); err != nil {
			t.Error(err)
		}
	}
}

func TestAnInterruptedRunSaysThatTheDeploymentGoesOn(t *testing.T) {
	play := happy().following(service(2, 2, ourStart, oldActive))
	interrupt := interrupts(t, syscall.SIGTERM, "aws ecs list-tasks")
	result := perform(t, play, options{started: interrupt}, "--image", "app:built", "--poll", "0")
	result.expect(t, 130, "interrupted; deployment "+ourDeployment+" goes on in ECS")
}

func TestARunThatIsInterruptedBeforeTheStartSaysThatNothingWasStarted(t *testing.T) {
	play := happy().but("aws_elbv2_describe-target-groups", answer{hangs: true})
	interrupt := interrupts(t, syscall.SIGTERM, "aws elbv2 describe-target-groups")
	result := perform(t, play, options{started: interrupt}, "--image", "app:built", "--poll", "0")
	result.expect(t, 130, "interrupted; no deployment was started")
	result.expectUnchanged(t)
}
