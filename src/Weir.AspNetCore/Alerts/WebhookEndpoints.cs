using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

using NodaTime;

namespace Weir.AspNetCore;

/// <summary>Webhooks: where notifications go over HTTP, and what became of each.</summary>
internal static class WebhookEndpoints
{
    private const string List = "deliveries";
    private const string Path = "/webhooks/{id}";

    private static readonly (string Word, DeliveryState? State)[] s_states =
        [("pending", DeliveryState.Pending), ("delivered", DeliveryState.Delivered), ("failed", DeliveryState.Failed)];

    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("").WithTags("Notifications");
        group.MapGet("/webhooks/types", (Delegate)TypesAsync).RequireScope(KeyScopes.Read).OutOfTurn()
            .WithName("listNotificationTypes").WithSummary("What notifications can be about").Produces<NotificationTypeListAnswer>();
        group.MapGet("/webhooks", (Delegate)ListAsync).RequireScope(KeyScopes.Admin)
            .WithName("listWebhooks").WithSummary("The webhooks of the workspace, without their secrets").Produces<WebhookListAnswer>();
        group.MapPost("/webhooks", (Delegate)CreateAsync).RequireScope(KeyScopes.Admin)
            .WithName("createWebhook").WithSummary("Make a webhook; its secret is shown only in this answer")
            .Accepts<CreateWebhookBody>("application/json").Produces<NewWebhookAnswer>(StatusCodes.Status201Created);
        group.MapGet(Path, (Delegate)GetAsync).RequireScope(KeyScopes.Admin)
            .WithName("getWebhook").WithSummary("One webhook").Produces<WebhookAnswer>();
        group.MapPut(Path, (Delegate)ChangeAsync).RequireScope(KeyScopes.Admin)
            .WithName("putWebhook").WithSummary("Change a webhook, switch it off or on again")
            .WithDescription("What is left out stays as it is. What waits for a webhook that is switched off has failed; redeliver sends it again.")
            .Accepts<PutWebhookBody>("application/json").Produces<WebhookAnswer>();
        group.MapDelete(Path, (Delegate)DeleteAsync).RequireScope(KeyScopes.Admin)
            .WithName("deleteWebhook").WithSummary("Remove a webhook with its log of deliveries").Produces(StatusCodes.Status204NoContent);
        group.MapPost("/webhooks/{id}/rotate", (Delegate)RotateAsync).RequireScope(KeyScopes.Admin)
            .WithName("rotateWebhookSecret").WithSummary("Give a webhook a new secret, which is shown only in this answer")
            .WithDescription("The old secret goes on signing beside the new one for keepOldFor seconds (86,400 when absent; 0 ends it at once).")
            .AcceptsOptional<RotateWebhookBody>().Produces<NewWebhookAnswer>();
        group.MapPost("/webhooks/{id}/test", (Delegate)TestAsync).RequireScope(KeyScopes.Admin)
            .WithName("testWebhook").WithSummary("Send a notification of the type webhook.test now, once, and answer how it went")
            .AcceptsOptional<TestWebhookBody>().Produces<TestAnswer>();
        group.MapPost("/webhooks/{id}/redeliver", (Delegate)RedeliverAsync).RequireScope(KeyScopes.Admin)
            .WithName("redeliverWebhook").WithSummary("Send one notification again, or all that failed or was missed since a time")
            .WithDescription("With 'message' one, whatever became of it; with 'since' at most 10,000, oldest first.")
            .Accepts<RedeliverBody>("application/json").Produces<RedeliverAnswer>();
        group.MapGet("/webhooks/{id}/deliveries", (Delegate)DeliveriesAsync).RequireScope(KeyScopes.Admin)
            .WithName("listDeliveries").WithSummary("What was sent to a webhook, newest first, with every attempt")
            .WithQuery("limit", "1 to 1,000; 100 when absent.").WithQuery("cursor", Cursor.Description)
            .WithQuery("state", "pending, delivered or failed.").WithQuery("type", "Notifications of this type.").WithQuery("message", "The id of one notification.")
            .Produces<DeliveryListAnswer>();
    }

    private static Task TypesAsync(HttpContext context) =>
        JsonBody.WriteAsync(context, new NotificationTypeListAnswer([.. NotificationTypes.All.Select(known => new NotificationTypeAnswer(known.Type, known.Description))], null));

    private static async Task ListAsync(HttpContext context, WebhookService webhooks)
    {
        IReadOnlyList<Webhook> all = await webhooks.ListAsync(context.Workspace(), context.RequestAborted);
        await JsonBody.WriteAsync(context, new WebhookListAnswer([.. all.Select(WebhookAnswers.Of)], null));
    }

    private static async Task CreateAsync(HttpContext context, WebhookService webhooks)
    {
        CreateWebhookBody body = await JsonBody.ReadAsync<CreateWebhookBody>(context);
        string url = Url(body.Url, webhooks);
        string? description = Texts.Display(body.Description, "/description");
        IReadOnlyList<string> types = WebhookAnswers.Types(body.Types ?? [], "/types");
        RequireMasterKey(webhooks);
        (Webhook webhook, string secret) = await webhooks.CreateAsync(context.Workspace(), url, description, types, context.Actor(), context.RequestAborted)
            ?? throw new ProblemException(new Problem(StatusCodes.Status409Conflict, "too_many_webhooks", "The workspace has too many webhooks",
                $"A workspace has at most {webhooks.Most} webhooks. Delete one, or let one receiver serve several purposes by type."));
        context.Response.Headers.CacheControl = "no-store";
        await JsonBody.WriteAsync(context, new NewWebhookAnswer(WebhookAnswers.Of(webhook), secret), StatusCodes.Status201Created);
    }

    private static async Task GetAsync(HttpContext context, WebhookService webhooks) => await JsonBody.WriteAsync(context, WebhookAnswers.Of(await FindAsync(context, webhooks)));

    private static async Task ChangeAsync(HttpContext context, WebhookService webhooks)
    {
        string id = Id(context);
        PutWebhookBody body = await JsonBody.ReadAsync<PutWebhookBody>(context);
        WebhookChange change = new()
        {
            Url = body.Url is null ? null : Url(body.Url, webhooks),
            Description = Texts.Display(body.Description, "/description"),
            Types = body.Types is null ? null : WebhookAnswers.Types(body.Types, "/types"),
            Disabled = body.Disabled,
        };
        await JsonBody.WriteAsync(context, WebhookAnswers.Of(await webhooks.ChangeAsync(context.Workspace(), id, change, context.Actor(), context.RequestAborted) ?? throw Unknown(id)));
    }

    private static async Task DeleteAsync(HttpContext context, WebhookService webhooks)
    {
        string id = Id(context);
        context.Response.StatusCode = await webhooks.DeleteAsync(context.Workspace(), id, context.Actor(), context.RequestAborted) ? StatusCodes.Status204NoContent : throw Unknown(id);
    }

    private static async Task RotateAsync(HttpContext context, WebhookService webhooks)
    {
        const int longest = 30 * 86_400;
        string id = Id(context);
        RotateWebhookBody body = await JsonBody.ReadOptionalAsync(context, new RotateWebhookBody());
        if (body.KeepOldFor is < 0 or > longest)
        {
            throw Texts.Wrong("/keepOldFor", $"It is a whole number of seconds from 0 to {longest}.");
        }

        RequireMasterKey(webhooks);
        (Webhook webhook, string secret) = await webhooks.RotateAsync(context.Workspace(), id, Duration.FromSeconds(body.KeepOldFor), context.Actor(), context.RequestAborted) ?? throw Unknown(id);
        context.Response.Headers.CacheControl = "no-store";
        await JsonBody.WriteAsync(context, new NewWebhookAnswer(WebhookAnswers.Of(webhook), secret));
    }

    private static async Task TestAsync(HttpContext context, WebhookService webhooks)
    {
        string id = Id(context);
        await JsonBody.ReadOptionalAsync(context, new TestWebhookBody());
        try
        {
            (string message, DeliveryAttempt attempt) = await webhooks.TestAsync(context.Caller().Workspace, id, context.RequestAborted) ?? throw Unknown(id);
            await JsonBody.WriteAsync(context, new TestAnswer(message, attempt.Error is null, WebhookAnswers.Of(attempt)));
        }
        catch (SecretBoxException exception)
        {
            throw NoMasterKey(exception.Message);
        }
    }

    private static async Task RedeliverAsync(HttpContext context, WebhookService webhooks)
    {
        RedeliverBody body = await JsonBody.ReadAsync<RedeliverBody>(context);
        if (body.Message is null == body.Since is null)
        {
            throw Texts.Wrong("", "Send either 'message', the id of one notification, or 'since', a time.");
        }

        string? message = body.Message is null ? null : Texts.Identifier(body.Message, "/message", "The id of a notification");
        Webhook webhook = await FindAsync(context, webhooks);
        if (webhook.Disabled is { } reason)
        {
            throw new ProblemException(new Problem(StatusCodes.Status409Conflict, "webhook_disabled", "The webhook is switched off",
                $"It is switched off ({WebhookService.NameOf(reason)}) and is sent nothing. Switch it on with PUT and {{ \"disabled\": false }} first."));
        }

        if (message is null)
        {
            await JsonBody.WriteAsync(context, new RedeliverAnswer(await webhooks.RedeliverAsync(context.Workspace(), webhook, body.Since!.Value, context.RequestAborted)));
            return;
        }

        await JsonBody.WriteAsync(context, await webhooks.RedeliverAsync(context.Workspace(), webhook.Id, message, context.RequestAborted)
            ? new RedeliverAnswer(1)
            : throw new ProblemException(Problem.NotFound($"There is no notification '{message}'; GET /api/v1/webhooks/{webhook.Id}/deliveries lists those that were sent.")));
    }

    private static async Task DeliveriesAsync(HttpContext context, WebhookService webhooks)
    {
        DeliveryFilter filter = new()
        {
            State = RequestQuery.Choice(context, "state", null, s_states),
            Type = RequestQuery.Text(context, "type") is not { } type ? null
                : NotificationTypes.IsKnown(type) ? type
                : throw RequestQuery.Wrong("type", $"'type' is one of {WebhookAnswers.TypeNames}."),
            Message = RequestQuery.Identifier(context, "message"),
            Limit = RequestQuery.Whole(context, "limit", 100, 1, DeliveryFilter.LargestLimit),
            Before = Cursor.ReadNumber(context, List),
        };
        Webhook webhook = await FindAsync(context, webhooks);
        IReadOnlyList<Delivery> page = await webhooks.DeliveriesAsync(context.Workspace(), webhook.Id, filter, context.RequestAborted);
        string? next = page.Count == filter.Limit ? Cursor.Of(List, page[^1].Message.Sequence.ToString(System.Globalization.CultureInfo.InvariantCulture)) : null;
        await JsonBody.WriteAsync(context, new DeliveryListAnswer([.. page.Select(WebhookAnswers.Of)], next));
    }

    private static string Id(HttpContext context) => RequestPath.Key(context, "id", "The id of a webhook");

    private static async Task<Webhook> FindAsync(HttpContext context, WebhookService webhooks)
    {
        string id = Id(context);
        return await webhooks.FindAsync(context.Workspace(), id, context.RequestAborted) ?? throw Unknown(id);
    }

    private static string Url(string text, WebhookService webhooks) => webhooks.RefusalOf(text) is { } refusal ? throw Texts.Wrong("/url", refusal) : text;

    private static void RequireMasterKey(WebhookService webhooks)
    {
        if (!webhooks.CanSign)
        {
            throw NoMasterKey($"A webhook's secret is stored only encrypted. Start the server with WEIR_MASTER_KEY: {SecretBox.KeyForm}.");
        }
    }

    private static ProblemException NoMasterKey(string message) =>
        new(new Problem(StatusCodes.Status409Conflict, "master_key_required", "The server has no master key for this", message));

    private static ProblemException Unknown(string id) => new(Problem.NotFound($"There is no webhook '{id}'; GET /api/v1/webhooks lists them."));
}
