// Command mediaserver is a Pulumi program that builds the AWS infrastructure of
// a media server: 36 resources in the default VPC of a region, from the bucket
// that holds the media to the dashboard that shows how it is served.
//
// Phases run in the order in which they depend on each other; each returns what
// later phases need of it. The guide in their comments is the Terraform guide
// that the program follows; README.md lists its phases and steps.
package main

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

func main() {
	pulumi.Run(deploy)
}

// deploy registers the whole stack and exports its outputs. Settings and the
// account are checked before the first resource is registered.
func deploy(ctx *pulumi.Context) error {
	settings, err := loadSettings(ctx)
	if err != nil {
		return err
	}
	environment, err := discoverEnvironment(ctx)
	if err != nil {
		return err
	}
	if err := settings.validateFor(ctx, environment); err != nil {
		return err
	}
	securityGroups, err := createSecurityGroups(ctx, settings, environment)
	if err != nil {
		return err
	}
	loadBalancer, err := createLoadBalancer(ctx, settings, environment, securityGroups)
	if err != nil {
		return err
	}
	values, err := createRandomValues(ctx, settings)
	if err != nil {
		return err
	}
	storage, err := createStorage(ctx, settings, values)
	if err != nil {
		return err
	}
	parameters, err := createParameters(ctx, settings, environment, values, storage)
	if err != nil {
		return err
	}
	logGroups, err := createLogGroups(ctx, settings)
	if err != nil {
		return err
	}
	roles, err := createRoles(ctx, settings, environment, rolesInputs{storage, parameters, logGroups})
	if err != nil {
		return err
	}
	registry, err := createRegistry(ctx, settings, roles)
	if err != nil {
		return err
	}
	cluster, err := createCluster(ctx, settings, loadBalancer)
	if err != nil {
		return err
	}
	taskDefinition, err := createTaskDefinition(ctx, settings,
		taskDefinitionInputs{environment, storage, registry, roles, parameters, logGroups})
	if err != nil {
		return err
	}
	service, err := createService(ctx, settings,
		serviceInputs{environment, securityGroups, loadBalancer, roles, cluster, taskDefinition})
	if err != nil {
		return err
	}
	if err := createScaling(ctx, settings, service); err != nil {
		return err
	}
	dashboard, err := createDashboard(ctx, settings, dashboardInputs{environment, loadBalancer, service, storage})
	if err != nil {
		return err
	}
	for name, value := range stackOutputs(settings, stackPhases{
		environment, storage, parameters, registry, logGroups, loadBalancer, taskDefinition, service, dashboard,
	}) {
		ctx.Export(name, value)
	}
	return nil
}

// stackPhases are the phases of which the stack's outputs tell.
type stackPhases struct {
	// environment tells the region.
	environment environment
	// storage tells the bucket.
	storage storage
	// parameters tell the names of the parameters.
	parameters parameters
	// registry tells where images go.
	registry registry
	// logGroups tell where logs are.
	logGroups logGroups
	// loadBalancer tells the public address.
	loadBalancer loadBalancer
	// taskDefinition tells what tasks run.
	taskDefinition taskDefinition
	// service tells the cluster and the service.
	service service
	// dashboard tells where the dashboard is.
	dashboard dashboard
}

// stackOutputs are the outputs of the stack. The application's deploy script
// reads them, so their names are a contract. None of them is a secret.
func stackOutputs(settings settings, phases stackPhases) pulumi.Map {
	return pulumi.Map{
		"albDnsName":           phases.loadBalancer.dnsName,
		"appUrl":               pulumi.Sprintf("http://%s", phases.loadBalancer.dnsName),
		"bucketName":           phases.storage.bucketName,
		"ecrRepositoryUrl":     phases.registry.repositoryURL,
		"ecsClusterName":       phases.service.clusterName,
		"ecsServiceName":       phases.service.serviceName,
		"taskDefinitionArn":    phases.taskDefinition.arn,
		"taskDefinitionFamily": phases.taskDefinition.family,
		"containerName":        pulumi.String(phases.taskDefinition.containerName),
		"containerPort":        pulumi.Int(settings.appPort),
		"logGroupName":         phases.logGroups.ecs.Name,
		"appLogGroupName":      phases.logGroups.app.Name,
		"dashboardName":        phases.dashboard.name,
		"dashboardUrl":         phases.dashboard.url,
		"region":               pulumi.String(phases.environment.region),
		"jwtSecretParameter":   phases.parameters.jwtSecretName,
		"appConfigParameter":   phases.parameters.appConfigName,
		"bucketNameParameter":  phases.parameters.bucketNameName,
	}
}
