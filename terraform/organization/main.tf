# Made from the templates of CloudFormation by `make templates`.

resource "aws_cloudformation_stack" "organization" {
  name          = "lamplighter-members"
  template_body = file("${path.module}/../../src/lamplighter/deploy/templates/organization.yaml")
  capabilities  = ["CAPABILITY_NAMED_IAM"]

  parameters = {
    OrganizationalUnitIds  = join(",", var.OrganizationalUnitIds)
    MemberRegions          = join(",", var.MemberRegions)
    DelegatedAdministrator = var.DelegatedAdministrator
    HubAccount             = var.HubAccount
    HubPrefix              = var.HubPrefix
    BusArn                 = var.BusArn
    OrganizationId         = var.OrganizationId
    ExternalId             = var.ExternalId
    MemberRole             = var.MemberRole
    RoleRegion             = var.RoleRegion
    PermissionsBoundary    = var.PermissionsBoundary
    TagName                = var.TagName
    OnlyTaggedResources    = var.OnlyTaggedResources
    Snapshots              = var.Snapshots
    VolumeKeyArns          = join(",", var.VolumeKeyArns)
    MostAccountsAtOnce     = var.MostAccountsAtOnce
    FailuresTolerated      = var.FailuresTolerated
  }
}
