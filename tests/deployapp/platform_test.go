package deployapp

import (
	"strings"
	"testing"
)

// forARM returns the stage whose tasks run on ARM64.
func forARM(play stage) stage {
	arm := taskDefinition()
	arm["taskDefinition"].(object)["runtimePlatform"] = object{"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}
	return play.but("aws_ecs_describe-task-definition", says(arm))
}

func TestALocalImageThatTheTasksCannotRunIsRefused(t *testing.T) {
	otherPlatform := answer{stderr: "Error: image app:built does not match the platform\n", exit: 1}
	for name, each := range map[string]struct {
		play   stage
		phrase string
	}{
		"missing": {
			happy().but("docker_image", answer{stderr: "Error: No such image: app:built\n", exit: 1}).
				but("docker_version", says("28.2.2\n")),
			"no local image 'app:built'",
		},
		"built for arm": {
			happy().but("docker_image", says("linux/arm64\n")).but("docker_image_platform", otherPlatform),
			"is built for linux/arm64, the tasks run linux/amd64; build it with 'docker build --platform linux/amd64'",
		},
		"tasks that want arm": {
			forARM(happy()).but("docker_image_platform", otherPlatform),
			"build it with 'docker build --platform linux/arm64'",
		},
		"docker tells of another platform than asked for": {
			forARM(happy()).but("docker_image_platform", says("linux/amd64\n")),
			"build it with 'docker build --platform linux/arm64'",
		},
		"a docker that knows one platform of an image": {
			forARM(happy()).but("docker_image_platform", answer{stderr: "unknown flag: --platform\n", exit: 125}),
			"(unknown flag: --platform)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result := deploy(t, each.play)
			result.expect(t, 5, each.phrase)
			result.expectUnchanged(t)
		})
	}
}

func TestADockerThatDoesNotAnswerIsNotTakenForAMissingImage(t *testing.T) {
	down := answer{stderr: "Cannot connect to the Docker daemon. Is the docker daemon running?\n", exit: 1}
	result := deploy(t, happy().but("docker_image", down).but("docker_version", down))
	result.expect(t, 3, "docker does not answer: Cannot connect to the Docker daemon.")
	result.expectUnchanged(t)
}

func TestALocalImageForSeveralPlatformsIsJudgedByThatOfTheTasks(t *testing.T) {
	play := forARM(happy()).
		but("docker_image_platform", says("linux/arm64\n")).
		but("aws_ecr_batch-get-image", manifest(index("linux/amd64", "linux/arm64")))
	result := deploy(t, play)
	result.expect(t, 0, "2 of 2 tasks run")
	if got := result.called("docker image inspect --platform linux/arm64"); len(got) != 1 {
		t.Errorf("asked docker %q", got)
	}
}

func TestAPushThatLeavesThePlatformOfTheTasksOutIsNotDeployed(t *testing.T) {
	result := deploy(t, happy().but("aws_ecr_batch-get-image", manifest(index("linux/arm64"))))
	result.expect(t, 5, repository+":latest ("+imageDigest+") is for linux/arm64, the tasks run linux/amd64")
	result.expectNotStarted(t)
}

func TestAnImageInTheRegistryIsJudgedByThePlatformOfTheTasks(t *testing.T) {
	for name, each := range map[string]struct {
		play   stage
		phrase string // of the refusal, empty if it is deployed
	}{
		"one platform, the right one":       {happy(), ""},
		"one platform, another one":         {forARM(happy()), "is for linux/amd64, the tasks run linux/arm64"},
		"several, with that of the tasks":   {forARM(happy().but("aws_ecr_batch-get-image", manifest(index("linux/amd64", "linux/arm64")))), ""},
		"several, none for the tasks":       {happy().but("aws_ecr_batch-get-image", manifest(index("linux/arm64", "windows/amd64"))), "is for linux/arm64 windows/amd64, the tasks run linux/amd64"},
		"only attestations":                 {happy().but("aws_ecr_batch-get-image", manifest(index("unknown/unknown"))), "is for no platform that it names, the tasks run linux/amd64"},
		"something else, such as a chart":   {happy().but("curl_config", says(object{"name": "chart"})), "is for unknown/unknown, the tasks run linux/amd64"},
		"a manifest without configuration":  {happy().but("aws_ecr_batch-get-image", manifest(object{"schemaVersion": 1})), "is no image that tasks can run"},
		"deleted between two looks":         {happy().but("aws_ecr_batch-get-image", says(object{"images": []object{}, "failures": []object{{"failureCode": "ImageNotFound"}}})), "is no image that tasks can run"},
		"a tag that is not in the registry": {happy().but("aws_ecr_describe-images", notFound()), "has no image with the tag 'latest'"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result := perform(t, each.play, options{without: []string{"docker"}}, "--skip-push", "--poll", "0")
			if each.phrase == "" {
				result.expect(t, 0, "2 of 2 tasks run")
				return
			}
			result.expect(t, 5, each.phrase)
			result.expectUnchanged(t)
		})
	}
}

func TestAnImageWhosePlatformCannotBeReadIsNotDeployed(t *testing.T) {
	for name, play := range map[string]stage{
		"no manifest":           happy().but("aws_ecr_batch-get-image", refuses("AccessDeniedException", "not authorized")),
		"no address":            happy().but("aws_ecr_get-download-url-for-layer", refuses("LayersNotFoundException", "The layer does not exist")),
		"nobody at the address": happy().but("curl_config", answer{stderr: "curl: (6) Could not resolve host\n", exit: 6}),
		"no JSON there":         happy().but("curl_config", says("<html>")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result := perform(t, play, options{}, "--skip-push", "--poll", "0")
			result.expect(t, 14, "cannot read")
			result.expectUnchanged(t)
		})
	}
}

func TestADryRunJudgesTheImageInTheRegistryToo(t *testing.T) {
	result := perform(t, forARM(happy()), options{}, "--skip-push", "--dry-run")
	result.expect(t, 5, "is for linux/amd64, the tasks run linux/arm64", "look:      aws ecr batch-get-image --repository-name mediaserver --image-ids imageDigest="+imageDigest)
	result.expectUnchanged(t)
	if strings.Contains(result.output, "nobody-may-see") {
		t.Errorf("shows the address of the layer:\n%s", result.output)
	}
}
