package deploy

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
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
	// unknown are the properties that AWS returned and this version of the SDK does not know.
	unknown []string
}

// describe reads a task definition, or the newest one of a family.
func (r *run) describe(ctx context.Context, name string) (*definition, error) {
	var raw []byte
	answer, err := call(ctx, r, r.clients.ecs.DescribeTaskDefinition, &ecs.DescribeTaskDefinitionInput{
		TaskDefinition: &name, Include: []types.TaskDefinitionField{types.TaskDefinitionFieldTags},
	}, capturing(&raw))
	if err != nil {
		return nil, cannot(err, "read task definition %s", name)
	}
	if answer.TaskDefinition == nil {
		return nil, fail(exitAPI, "AWS answered without the task definition %s", name)
	}
	var whole struct{ TaskDefinition map[string]any }
	if err := json.Unmarshal(raw, &whole); err != nil {
		return nil, cannot(err, "read task definition %s", name)
	}
	described := &definition{TaskDefinition: *answer.TaskDefinition, tags: answer.Tags}
	for _, property := range unknown(whole.TaskDefinition, reflect.TypeFor[types.TaskDefinition](), "") {
		if !setByAWS.MatchString(property) {
			described.unknown = append(described.unknown, property)
		}
	}
	return described, nil
}

// setByAWS matches the properties that only AWS sets, including future ones: at the top level of a task definition they
// note when and by whom something was done, like registeredAt and registeredBy.
var setByAWS = regexp.MustCompile(`^[a-z]\w*(At|By)$`)

// unknown are the properties of a JSON value that a type of the SDK has no field for, by their paths.
func unknown(value any, of reflect.Type, path string) []string {
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	var found []string
	switch value := value.(type) {
	case []any:
		if of.Kind() == reflect.Slice {
			for i, each := range value {
				found = append(found, unknown(each, of.Elem(), fmt.Sprintf("%s[%d]", path, i))...)
			}
		}
	case map[string]any:
		if of.Kind() != reflect.Struct {
			break
		}
		for name, each := range value {
			below := strings.TrimPrefix(path+"."+name, ".")
			// The SDK writes the name of a property as the API does, but for the first letter.
			field, known := of.FieldByName(strings.ToUpper(name[:1]) + name[1:])
			if !known && each != nil {
				found = append(found, below)
			} else if known {
				found = append(found, unknown(each, field.Type, below)...)
			}
		}
	}
	slices.Sort(found)
	return found
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
			return *tag.Value
		}
	}
	return aws.ToString(d.TaskDefinitionArn)
}

// revisionNumber is the number at the end of a task definition's ARN. 0 if there is none.
func revisionNumber(arn string) int {
	number, _ := strconv.Atoi(arn[strings.LastIndex(arn, ":")+1:])
	return number
}

// readStackDefinition reads the task definition of the stack, and the platform of its tasks.
func (r *run) readStackDefinition(ctx context.Context) error {
	arn := r.outputs.definition
	described, err := r.describe(ctx, arn)
	if err != nil {
		return err
	}
	if status := described.Status; status != "" && status != types.TaskDefinitionStatusActive {
		return fail(exitOutput, "task definition %s is %s: the outputs are older than the stack; read them again with 'pulumi stack output --json'", arn, status)
	}
	r.stackDefinition, r.stackImage = described, described.image(r.outputs.container)
	if r.stackImage == "" {
		return fail(exitOutput, "task definition %s has no container '%s'", arn, r.outputs.container)
	}
	if repositoryOf(r.stackImage) != r.outputs.repository {
		return fail(exitOutput, "the output ecrRepositoryUrl is %s, but task definition %s runs %s; nothing was sent to either", r.outputs.repository, arn, r.stackImage)
	}
	if r.outputsFile != "" {
		// Old revisions of the stack stay registered, so only the newest one shows whether the outputs are current.
		newest, err := r.describe(ctx, aws.ToString(described.Family))
		if err != nil {
			return err
		}
		if own := newest.stackRevision(); revisionNumber(own) > revisionNumber(arn) {
			return fail(exitOutput, "the outputs in %s are older than the stack: they name %s, and there is %s; write them again with 'pulumi stack output --json' (or deregister %s, if it was registered by hand)",
				r.outputsFile, arn, own, own)
		}
	}
	r.platform = "linux/amd64"
	if described.RuntimePlatform != nil && described.RuntimePlatform.CpuArchitecture == types.CPUArchitectureArm64 {
		r.platform = "linux/arm64"
	}
	if r.tag == "" {
		if id := imageID(r.stackImage); id != nil {
			r.tag = aws.ToString(id.ImageTag)
		}
		if r.tag == "" {
			return fail(exitUsage, "the stack's image %s is not a tag of %s; name one with --tag", r.stackImage, r.outputs.repository)
		}
	}
	if r.ownRevision = r.stackImage != r.outputs.repository+":"+r.tag; r.ownRevision {
		return described.checkWhole()
	}
	return nil
}

// checkWhole refuses a task definition if a copy would lose something.
func (d *definition) checkWhole() error {
	if len(d.unknown) == 0 {
		return nil
	}
	return fail(exitAPI, "task definition %s has properties that this version of deploy-app does not know and a copy would lose: %s; use a newer version, or deploy the tag that the stack names",
		aws.ToString(d.TaskDefinitionArn), strings.Join(d.unknown, ", "))
}

// copied is the task definition as RegisterTaskDefinition takes it, without what only AWS may set.
func (d *definition) copied(stackRevision string) *ecs.RegisterTaskDefinitionInput {
	input := &ecs.RegisterTaskDefinitionInput{}
	into, from := reflect.ValueOf(input).Elem(), reflect.ValueOf(d.TaskDefinition)
	for i := range into.NumField() {
		field := into.Type().Field(i)
		if value := from.FieldByName(field.Name); field.IsExported() && value.IsValid() {
			into.Field(i).Set(value)
		}
	}
	input.ContainerDefinitions = slices.Clone(d.ContainerDefinitions)
	for _, tag := range d.tags {
		// Only AWS sets tags with its own prefix.
		if key := aws.ToString(tag.Key); key != stackRevisionTag && !strings.HasPrefix(key, "aws:") {
			input.Tags = append(input.Tags, tag)
		}
	}
	input.Tags = append(input.Tags, types.Tag{Key: aws.String(stackRevisionTag), Value: &stackRevision})
	return input
}

// chooseDefinition decides which task definition to deploy: the stack's own if it names the tag, else a new revision of
// it in which only the image differs.
func (r *run) chooseDefinition(ctx context.Context) error {
	if r.definition = r.outputs.definition; !r.ownRevision {
		return nil
	}
	revision := r.stackDefinition.copied(r.outputs.definition)
	image := r.outputs.repository + ":" + r.tag
	for i := range revision.ContainerDefinitions {
		if aws.ToString(revision.ContainerDefinitions[i].Name) == r.outputs.container {
			revision.ContainerDefinitions[i].Image = &image
		}
	}
	return r.register(ctx, revision, r.outputs.definition+" with the image "+image)
}

// register registers a task definition, and makes it the one to deploy.
func (r *run) register(ctx context.Context, revision *ecs.RegisterTaskDefinitionInput, what string) error {
	if r.dryRun {
		r.definition = aws.ToString(revision.Family) + ":NEW"
		r.say("would run: aws ecs register-task-definition --cli-input-json file://task-definition.json --region %s --output json", r.outputs.region)
		r.say("           (task-definition.json: %s)", what)
		return nil
	}
	answer, err := call(ctx, r, r.clients.ecs.RegisterTaskDefinition, revision)
	if err != nil {
		return cannot(err, "register the task definition")
	}
	if answer.TaskDefinition == nil || aws.ToString(answer.TaskDefinition.TaskDefinitionArn) == "" {
		return fail(exitAPI, "AWS answered without the task definition that it registered")
	}
	r.definition = *answer.TaskDefinition.TaskDefinitionArn
	r.say("Registered %s", r.definition)
	return nil
}
