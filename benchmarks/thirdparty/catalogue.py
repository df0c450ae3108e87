"""The networks of the sweep, written down before it ran: what is left out is left out by a rule, not by its result."""

from __future__ import annotations

from dataclasses import dataclass

#: Networks with more parameters are left out: in float64 beside float32, and copied, they need more memory than CI has.
LARGEST = 200_000_000


@dataclass(frozen=True, slots=True)
class Group:
    """Networks of one kind with one goal.

    ``goal`` is the share that is to pass, ``None`` where they are tried without one. ``left_out`` are names with the reason.
    """

    key: str
    title: str
    names: tuple[str, ...]
    goal: float | None = None
    left_out: tuple[tuple[str, str], ...] = ()

    @property
    def architectures(self) -> tuple[str, ...]:
        """``group:name`` of each: how rows refer to them."""
        return tuple(f"{self.key}:{name}" for name in self.names)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


#: All of ``torchvision.models.list_models(module=torchvision.models)``, the smallest of each family first.
CLASSIFICATION = Group(
    "classification",
    "torchvision classification",
    _words("""
alexnet convnext_tiny densenet121 efficientnet_b0 efficientnet_v2_s googlenet inception_v3 maxvit_t mnasnet0_5
mobilenet_v2 mobilenet_v3_small regnet_x_400mf regnet_y_400mf resnet18 resnext50_32x4d shufflenet_v2_x0_5 squeezenet1_0
swin_t swin_v2_t vgg11 vgg11_bn vit_b_32 wide_resnet50_2

convnext_base convnext_large convnext_small densenet161 densenet169 densenet201 efficientnet_b1 efficientnet_b2 efficientnet_b3
efficientnet_b4 efficientnet_b5 efficientnet_b6 efficientnet_b7 efficientnet_v2_l efficientnet_v2_m mnasnet0_75
mnasnet1_0 mnasnet1_3 mobilenet_v3_large regnet_x_16gf regnet_x_1_6gf regnet_x_32gf regnet_x_3_2gf regnet_x_800mf
regnet_x_8gf regnet_y_16gf regnet_y_1_6gf regnet_y_32gf regnet_y_3_2gf regnet_y_800mf regnet_y_8gf resnet101 resnet152
resnet34 resnet50 resnext101_32x8d resnext101_64x4d shufflenet_v2_x1_0 shufflenet_v2_x1_5 shufflenet_v2_x2_0
squeezenet1_1 swin_b swin_s swin_v2_b swin_v2_s vgg13 vgg13_bn vgg16 vgg16_bn vgg19 vgg19_bn vit_b_16 wide_resnet101_2
"""),
    goal=0.95,
    left_out=(
        ("regnet_y_128gf", "645 M parameters"),
        ("vit_h_14", "633 M parameters"),
        ("vit_l_16", "304 M parameters"),
        ("vit_l_32", "307 M parameters"),
    ),
)

#: All of ``torchvision.models.segmentation``, with their auxiliary heads.
SEGMENTATION = Group(
    "segmentation",
    "torchvision segmentation",
    _words("""
deeplabv3_mobilenet_v3_large deeplabv3_resnet50 fcn_resnet50 lraspp_mobilenet_v3_large deeplabv3_resnet101
fcn_resnet101
"""),
    goal=0.95,
)

#: ``*_fpn`` are of ``torchvision.models.detection.backbone_utils``; the others are feature maps of a classification
#: network at four scales or at the end, taken out by ``torchvision.models.feature_extraction`` or as its ``features``.
BACKBONES = Group(
    "backbone",
    "torchvision backbones",
    _words("""
resnet18_fpn resnet50_fpn mobilenet_v3_large_fpn resnet18_layers resnext50_32x4d_layers convnext_tiny_features
efficientnet_b0_features densenet121_features mobilenet_v2_features mobilenet_v3_small_features
regnet_y_400mf_trunk shufflenet_v2_x0_5_stages vgg11_bn_features squeezenet1_1_features
"""),
    goal=0.95,
)

#: Whole detectors end in data-dependent post-processing; ``*_heads`` are backbone and dense heads of the same, without it.
DETECTION = Group(
    "detection",
    "torchvision detection (tried, no goal)",
    _words("""
fasterrcnn_mobilenet_v3_large_320_fpn_heads fcos_resnet50_fpn_heads retinanet_resnet50_fpn_heads
ssdlite320_mobilenet_v3_large_heads ssd300_vgg16_heads fasterrcnn_mobilenet_v3_large_320_fpn fcos_resnet50_fpn
retinanet_resnet50_fpn ssdlite320_mobilenet_v3_large ssd300_vgg16 maskrcnn_resnet50_fpn keypointrcnn_resnet50_fpn
"""),
)

#: 150 of timm 1.0.31: of each of its 98 model files one of the smallest, and a second or third of files that hold several
#: families; only ``deepseek_vit`` has none of at most LARGEST parameters.
TIMM = Group(
    "timm",
    "timm",
    _words("""
bat_resnext26ts beit_base_patch16_224 botnet26t_256 caformer_s18 cait_xxs24_224 coat_tiny coatnet_pico_rw_224
coatnext_nano_rw_224 convformer_s18 convit_tiny convmixer_768_32 convnext_atto convnext_zepto_rms
convnextv2_atto cpubone_nano crossvit_tiny_240 cs3darknet_focus_s csatv2 cspdarknet53 cspnext_tiny davit_tiny
deit3_small_patch16_224 deit_tiny_distilled_patch16_224 deit_tiny_patch16_224 densenet121 densenetblur121d
dla46x_c dm_nfnet_f0 dpn48b eca_botnext26ts_256 eca_nfnet_l0 eca_vovnet39b edgenext_xx_small efficientformer_l1
efficientformerv2_s0 efficientnet_lite0 efficientnetv2_rw_t efficientvim_m1 efficientvit_b0 efficientvit_l1
efficientvit_m0 ese_vovnet19b_slim_dw eva02_tiny_patch14_224 fasternet_t0 fastvit_t8 fbnetc_100 fbnetv3_b
flexivit_small focalnet_tiny_srf gcresnext26ts gcvit_xxtiny gemma4_vit_167m ghostnet_050 ghostnetv2_100
ghostnetv3_050 gmixer_12_224 gmlp_ti16_224 halonet_h1 hardcorenas_b hgnet_tiny hgnetv2_b0 hiera_tiny_224
hieradet_small hrnet_w18_small iformer_t inception_next_atto inception_resnet_v2 inception_v3 inception_v4
lambda_resnet26t lcnet_035 lcnetv2_small legacy_seresnet18 legacy_xception levit_128s lowformer_b0
mambaout_femto maxvit_pico_rw_256 maxxvit_rmlp_nano_rw_256 mixer_s16_224 mixnet_s mnasnet_small mobilenetv2_035
mobilenetv3_small_050 mobilenetv4_conv_small mobilenetv5_base mobileone_s1 mobilevit_xxs mobilevitv2_050
mvitv2_tiny naflexvit_base_patch16_gap nasnetalarge nest_tiny nextvit_small nf_regnet_b0 pit_ti_224
pnasnet5large poolformer_s12 poolformerv2_s12 pvt_v2_b0 qwen3_vit_88m rdnet_tiny regnetx_002 regnety_002
regnetz_005 repghostnet_050 repvgg_a0 repvit_m1 res2net50_14w_8s resmlp_12_224 resnest14d resnet10t resnet18
resnetblur18 resnetrs50 resnetv2_18 resnetv2_50d_gn rexnet_100 rexnetr_100 samvit_base_patch16_224 selecsls42
sequencer2d_s seresnext26t_32x4d shvit_s1 skresnet18 starnet_s050 swiftformer_xs swin_s3_tiny_224
swin_tiny_patch4_window7_224 swinv2_cr_tiny_224 swinv2_tiny_window8_256 tf_efficientnet_b0
tf_mobilenetv3_small_075 tiny_vit_5m_224 tinynet_e tnt_s_legacy_patch16_224 tresnet_m twins_pcpvt_small
twins_svt_small vgg11_bn visformer_tiny vit_base_mci_224 vit_relpos_small_patch16_224 vit_small_patch16_dinov3
vit_tiny_patch16_224 vit_tiny_r_s16_p8_224 vitamin_small_224 volo_d1_224 xception41p xcit_nano_12_p8_224
"""),
    goal=0.9,
    left_out=(("deepseek_vit_412m", "412 M parameters"),),
)

GROUPS = (CLASSIFICATION, SEGMENTATION, BACKBONES, DETECTION, TIMM)
