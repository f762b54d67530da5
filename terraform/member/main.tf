# Made from the templates of CloudFormation by `make templates`.

resource "aws_cloudformation_stack" "member" {
  name          = "lamplighter-members"
  template_body = file("${path.module}/../../src/lamplighter/deploy/templates/member.yaml")
  capabilities  = ["CAPABILITY_NAMED_IAM"]

  parameters = {
    HubAccount          = var.HubAccount
    HubPrefix           = var.HubPrefix
    BusArn              = var.BusArn
    OrganizationId      = var.OrganizationId
    ExternalId          = var.ExternalId
    MemberRole          = var.MemberRole
    RoleRegion          = var.RoleRegion
    PermissionsBoundary = var.PermissionsBoundary
    TagName             = var.TagName
    OnlyTaggedResources = var.OnlyTaggedResources
    Snapshots           = var.Snapshots
    VolumeKeyArns       = join(",", var.VolumeKeyArns)
  }
}
