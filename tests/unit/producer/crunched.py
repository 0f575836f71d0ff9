"""Pictures of the tests as Crunch packs them, by its authors' own encoders, in base85.

The older variant is Binomial's (github.com/BinomialLLC/crunch), the newer one Unity's (Unity-Technologies/crunch,
branch unity), both under the zlib licence, at quality 255.
"""

from __future__ import annotations

import base64
from typing import Final

import numpy as np

from tests.unit.imaging.dds_encodings import PICTURE

# Each is two of the mosaic, one above the other, moved by a block from one face to the next.
FACES: Final = [
    np.vstack([np.roll(PICTURE, 4 * number, axis=1), np.roll(PICTURE[::-1], 8 * number, axis=1)]) for number in range(6)
]

PICTURES: Final = {
    ("DXT1Crunched", "newer"): base64.b85decode(
        "NO%BB@xlNA0IZkA01yBO0RaF20000000000000000000=001oj1^@te000pH0{{R3000000000000000001BW0Ehqp0H^?g@"
        "&Ld90792D4+CvLAVshk000m{*B60tbPha_7KIRHy28<f1n=AI?OzZ8E@S`z00008EODx;zyH7h0R~`z0000002oyu0BC>#00"
        "0006~F_S00000009R8_%crb"
    ),
    ("DXT1Crunched", "older"): base64.b85decode(
        "NO%BBwr&6b0IU{t01yBO0RaF20000000000000000000=001rk1^@tf000sI0{{R30000000000000000015U0Ez$r0H^?hG"
        "BAJuK!grC%{HC|1^|H+z+eCXVFxOA1ClW02`JErf-J2QZ0zOz`?LE10H$dG000002rO$xg;iJo_y7QQV1NJs0000P5CG8t0s"
        "sI204{(BFaQ7m0006FFhcJD"
    ),
    ("DXT5Crunched", "newer"): base64.b85decode(
        "NO%BBMD_px0N)g%01yBO0RaL40000000000000000000=001oj1^@te000pH0{{Ss000pH1ONb;000dD0su1r0Hy!{0NDV6@"
        "&Ld90792D4+CvLAVshk000m{*B60tbPha_7KIRHy28<f1n=AI?OzZ8E@S`z00008EODx;zyH7h1Ogy{000023nzhR+?t&900"
        "9DEfB*mh000%31N;F7V1NJs0000ORUiOpfB^si000%h1DF5+000012LK5W2mk;800MvkOaK4?000020RIHkwl|a"
    ),
    ("DXT5Crunched", "older"): base64.b85decode(
        "NO%BBy8-|J0N{Ag01yBO0RaL40000000000000000000=001rk1^@tf000sI0{{Su000pH1ONb=000gE0st`p0I2`~0NMb8G"
        "BAJuK!grC%{HC|1^|H+z+eCXVFxOA1ClW02`JErf-J2QZ0zOz`?LE10H$dG000002rO$xg;iJo_y7a~Ab<b>00IjqfoI&Bob"
        "&(#hG2jI000007yeWH004GifB*mh000>f0MP&f00000E`SFx0000000IpF5+D!&0000500Ni*0000000bDoDpL30"
    ),
    ("ETC_RGB4Crunched", "newer"): base64.b85decode(
        "NO%BBvjqSE0GeOB01yBO0RajC0000000000000000000=0012T2mk<Q000sI1ONa40000000000000000012T0C@la0G0rPX"
        "aIl!AjAMpR2X1kgF&B#RWmWmiF-zxhyBn1LSz5{00008EN1GefIt7h000JH00000000mH6CeNp00000-~dQ~KmY&$02Cq-ZG"
        "Z"
    ),
    ("ETC2_RGBA8Crunched", "newer"): base64.b85decode(
        "NO%BB6gvO_0L-Ky01yBO0RapE0000000000000000000=0012T2mk<Q000sI1ONbe000mG1ONbu000aC0RS)n0F?j$0L1`;X"
        "aIl!AjAMpR2X1kgF&B#RWmWmiF-zxhyBn1LSz5{00008EN1GefIt7h009<YfB*mh0t`MQ1wgry@Bo%zfB*mh000?~000JH00"
        "000000mH6CeNp00000-~dQ~KmY&$02BZcAP@im000F50hj;)000001UL|pBc6DG"
    ),
}

CUBES: Final = {
    ("DXT1Crunched", "newer"): base64.b85decode(
        "NO%BB1VI1*0O-WW01yBW0R{j70000000000000000000=002Dz3IG6y000pH0{{R3000000000000000001Na0GI#(0K5Q!@"
        "Bn}S5X9}u8a?Plw*Y|^0Du4hA_(6Ef+;YPC_En~0S06V?O%^uXP^Fr1QIrwGiNi0hmDQ)sfmIBE@S`z00008EODx;zyH7h0g"
        "fR6000013kw=4l>ikm06+i`Kn5Ao8NdO|00000004u4bA=_DSKG=ztmH}T2|Jd3>?oYg<qb_<&lA`ZcNYpvGOxFke_6<r*b;"
        "XD"
    ),
    ("DXT1Crunched", "older"): base64.b85decode(
        "NO%BBTa*9*0N=Ma01yBW0R{j70000000000000000000=002Ay3IG6x000pH0{{R3000000000000000001KZ0G9v&0J;Ey@"
        "IZh7AcM=o^saIsm9Pj8PzV430v_HO6wNeTcs!a+g3KH==+$C6*HxeLC>6=xV_nFdm%o4wumk|6X#fBK000OlDA51^0II44b|"
        "8QN00007|2V4v3YY*e00<y}4|^#H0CNBU00000Akh3sFH<u}V*>QhfDGvKrhs}t|4BT|afD~4g7-}HhA=DBNC3<"
    ),
    ("DXT5Crunched", "newer"): base64.b85decode(
        "NO%BB?dkvk0W+pJ01yBW0R{p90000000000000000000=002Dz3IG6y000pH0{{S+000mG1ONc2000dD0suDv0JQ)B0PFyP@"
        "Bn}S5X9}u8a?Plw*Y|^0Du4hA_(6Ef+;YPC_En~0S06V?O%^uXP^Fr1QIrwGiNi0hmDQ)sfmIBE@S`z00008EODx;zyH7h1O"
        "gy{000023OKjSnxhXu0Rmuv0000002P=6`~i+3000000SgNnDU|>fFaSUR5I_bQ(iy-3%m4rY0001kfCPvH000000YCtz000"
        "0000031aPXB&W?Z$Ox_D}j>m2B;uD`iL!%n<5pT7A^BOJMO@YM|p)sLlrBE52jhMjm(;VPEQxobak@YNsIInh~Ne{zL}op?Y"
    ),
    ("DXT5Crunched", "older"): base64.b85decode(
        "NO%BBXb=DZ0Wb0c01yBW0R{p90000000000000000000=002Ay3IG6x000pH0{{S*000pH1ONc2000gE0suAu0JZ=C0PFyP@"
        "IZh7AcM=o^saIsm9Pj8PzV430v_HO6wNeTcs!a+g3KH==+$C6*HxeLC>6=xV_nFdm%o4wumk|6X#fBK000OlDA51^0II440w"
        "90@0006DCxK_&nw<0i1BPIL0000002lsK`~U=YAb<b>000O7II92(m;f*U2q1tDdnpJ2a{vGU0000W&;cR=0000008juafB*"
        "mh0000$%<zRuH{`To$28PAj0&#w@(UnQC}HKL__?DMD1*7Cps)Qji#*0toH`jp4(6OxqkeMHhjUFsn82#L)5x*~5{4W"
    ),
    ("ETC_RGB4Crunched", "newer"): base64.b85decode(
        "NO%BBl%)Uw0L>qq01yBW0R{>H0000000000000000000=0015U2mk<R000sI1ONa4000000000000000001BW0D1rb0Ga@TC"
        ";)%}K!X#s(?i&JXdsJhk_z<OMtX|=9Dy7F077H{000002rOpms(?TLzyJUeU;qFB009UnzzCQCAOHw3!wiLUzyyc{000000Y"
        "G{o8+#xB`AD4AOgFv7+?_7>-mu%VY$+1_BG-Ej{0!vjIw2c-AOHDCoYhP>y~W&}AO"
    ),
    ("ETC2_RGBA8Crunched", "newer"): base64.b85decode(
        "NO%BB=}G_q0U7eb01yBW0R{{J0000000000000000000=0015U2mk<R000sI1ONbf000mG1ONbv000aC0RS@q0G0p%0LcJ?C"
        ";)%}K!X#s(?i&JXdsJhk_z<OMtX|=9Dy7F077H{000002rOpms(?TLzyJXjV1NJs00Im?BLzUYlJEeQV1NJs0000PkN^M@U;"
        "qFB009UnzzCQCAOHw3!wiLUzyyc{000000YCvF0RR91002+`8Grx)00000Kzo4+5}fw&AAR=`1W7EZNl-cM?V)Q@OAt=F^UK"
        "5>^PG9SA|Qz*`3VwYakq#$`v@F*l30Q`fe8|v_VFKm_Ynk1EU8IQIqmJCYf?)PKm"
    ),
}
