package deploy

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"regexp"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// stackRevisionTag marks every revision that a run registers. Its value is the newest revision of the stack at that time.
// A revision without it is the stack's own.
const stackRevisionTag = "StackTaskDefinition"

// definition is a task definition as AWS describes it.
type definition struct {
	types.TaskDefinition
	tags []types.Tag
	raw  []byte // AWS's answer
}

// describe reads a task definition, or the newest one of a family.
func (r *run) describe(ctx context.Context, name string) (*definition, error) {
	var raw []byte
	answer, err := r.clients.ecs.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{
		TaskDefinition: &name, Include: []types.TaskDefinitionField{types.TaskDefinitionFieldTags},
	}, capturing(&raw))
	if err != nil {
		return nil, err
	}
	if answer.TaskDefinition == nil {
		return nil, fail(exitAPI, "AWS answered without the task definition %s", name)
	}
	return &definition{*answer.TaskDefinition, answer.Tags, raw}, nil
}

// setByAWS matches the properties that only AWS sets, including future ones that note when and by whom something was done.
var setByAWS = regexp.MustCompile(`^(taskDefinitionArn|revision|status|requiresAttributes|compatibilities|\w+(At|By))$`)

// copied is the task definition as RegisterTaskDefinition takes it, with other images for the containers named. It is whole
// but for what only AWS may set, and fails rather than lose a property that this version of the SDK does not know.
func (d *definition) copied(stackRevision string, images map[string]string) (*ecs.RegisterTaskDefinitionInput, error) {
	var answer struct{ TaskDefinition map[string]any }
	if err := json.Unmarshal(d.raw, &answer); err != nil {
		return nil, err
	}
	maps.DeleteFunc(answer.TaskDefinition, func(property string, _ any) bool { return setByAWS.MatchString(property) })
	properties, err := json.Marshal(answer.TaskDefinition)
	if err != nil {
		return nil, err
	}
	strict := json.NewDecoder(bytes.NewReader(properties))
	strict.DisallowUnknownFields()
	input := &ecs.RegisterTaskDefinitionInput{}
	if err := strict.Decode(input); err != nil {
		return nil, fail(exitAPI, "this version of deploy-app cannot copy task definition %s without losing something (%v): use a newer version, or deploy the tag that the stack names",
			aws.ToString(d.TaskDefinitionArn), err)
	}
	for i, each := range input.ContainerDefinitions {
		if image, changed := images[aws.ToString(each.Name)]; changed {
			input.ContainerDefinitions[i].Image = &image
		}
	}
	for _, tag := range d.tags {
		// Only AWS sets tags with its own prefix.
		if key := aws.ToString(tag.Key); key != stackRevisionTag && !strings.HasPrefix(key, "aws:") {
			input.Tags = append(input.Tags, tag)
		}
	}
	input.Tags = append(input.Tags, types.Tag{Key: aws.String(stackRevisionTag), Value: &stackRevision})
	return input, nil
}

// image is the image of the container with that name. Empty if there is no such container.
func (d *definition) image(container string) string {
	for _, each := range d.ContainerDefinitions {
		if aws.ToString(each.Name) == container {
			return aws.ToString(each.Image)
		}
	}
	return ""
}

// stackRevision is the revision of the stack that this one was made from: itself if it is the stack's own.
func (d *definition) stackRevision() string {
	for _, tag := range d.tags {
		if aws.ToString(tag.Key) == stackRevisionTag && revisionNumber(aws.ToString(tag.Value)) > 0 {
			return aws.ToString(tag.Value)
		}
	}
	return aws.ToString(d.TaskDefinitionArn)
}

// revisionNumber is the number at the end of a task definition's ARN. 0 if there is none.
func revisionNumber(arn string) int {
	number, _ := strconv.Atoi(arn[strings.LastIndex(arn, ":")+1:])
	return number
}

// readStackDefinition reads the task definition of the stack and the platform of its tasks, and decides what to deploy: the
// stack's own task definition if it names the tag, else a copy in which only the image differs.
func (r *run) readStackDefinition(ctx context.Context) error {
	arn := r.outputs.definition
	own, err := r.describe(ctx, arn)
	if err != nil {
		return err
	}
	if own.Status != types.TaskDefinitionStatusActive {
		return fail(exitOutput, "task definition %s is %s: the outputs are older than the stack; read them again with 'pulumi stack output --json'", arn, own.Status)
	}
	r.definition, r.stackImage = arn, own.image(r.outputs.container)
	repository, id := split(r.stackImage)
	if repository != r.outputs.repository {
		return fail(exitOutput, "the output ecrRepositoryUrl is %s, but task definition %s runs '%s' in its container '%s'; nothing was sent to either",
			r.outputs.repository, arn, r.stackImage, r.outputs.container)
	}
	if r.outputsFile != "" {
		// Old revisions of the stack stay registered, so only the newest one shows whether the outputs are current.
		newest, err := r.describe(ctx, aws.ToString(own.Family))
		if err != nil {
			return err
		}
		if newer := newest.stackRevision(); revisionNumber(newer) > revisionNumber(arn) {
			return fail(exitOutput, "the outputs in %s are older than the stack: they name %s, and there is %s; write them again with 'pulumi stack output --json' (or deregister %s, if it was registered by hand)",
				r.outputsFile, arn, newer, newer)
		}
	}
	r.platform = "linux/amd64"
	if own.RuntimePlatform != nil && own.RuntimePlatform.CpuArchitecture == types.CPUArchitectureArm64 {
		r.platform = "linux/arm64"
	}
	if r.tag = cmp.Or(r.tag, aws.ToString(id.ImageTag)); r.tag == "" {
		return fail(exitUsage, "the stack's image %s is not a tag of %s; name one with --tag", r.stackImage, r.outputs.repository)
	}
	if image := r.outputs.repository + ":" + r.tag; r.stackImage != image {
		r.revision, err = own.copied(arn, map[string]string{r.outputs.container: image})
	}
	return err
}

// register registers the revision to deploy, if the run needs one of its own.
func (r *run) register(ctx context.Context) error {
	if r.revision == nil {
		return nil
	}
	if r.dryRun {
		r.say("would run: aws ecs register-task-definition --cli-input-json file://task-definition.json --region %s", r.outputs.region)
		var images []string
		for _, each := range r.revision.ContainerDefinitions {
			images = append(images, aws.ToString(each.Name)+": "+aws.ToString(each.Image))
		}
		r.say("           (task-definition.json: %s with the images %s)", r.definition, strings.Join(images, ", "))
		r.definition = aws.ToString(r.revision.Family) + ":NEW"
		return nil
	}
	answer, err := r.clients.ecs.RegisterTaskDefinition(ctx, r.revision)
	if err != nil {
		return err
	}
	if answer.TaskDefinition == nil || aws.ToString(answer.TaskDefinition.TaskDefinitionArn) == "" {
		return fail(exitAPI, "AWS answered without the task definition that it registered")
	}
	r.definition = *answer.TaskDefinition.TaskDefinitionArn
	r.say("Registered %s", r.definition)
	return nil
}
