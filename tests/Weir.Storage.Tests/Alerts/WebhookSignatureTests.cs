using System.Text;

namespace Weir.Storage.Tests;

public sealed class WebhookSignatureTests
{
    [Fact(DisplayName = "HOOK-2: the signature of the published example of Standard Webhooks is the published one")]
    public void PublishedVector()
    {
        byte[] secret = Convert.FromBase64String("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        Assert.Equal(
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            WebhookSignature.Sign([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", """{"test": 2432232314}"""u8));
    }

    [Fact(DisplayName = "HOOK-2: every secret that counts signs, the newest first, and a secret has 256 bits and its own form")]
    public void EverySecretSigns()
    {
        byte[][] secrets = [WebhookSignature.NewSecret(), WebhookSignature.NewSecret()];
        byte[] body = Encoding.UTF8.GetBytes("{\"ü\":1}");
        string[] signatures = WebhookSignature.Sign(secrets, "msg_1", "5", body).Split(' ');
        Assert.Equal(secrets.Select(secret => WebhookSignature.Sign([secret], "msg_1", "5", body)), signatures);
        Assert.Equal(32, Convert.FromBase64String(WebhookSignature.TextOf(secrets[0])["whsec_".Length..]).Length);
    }
}
